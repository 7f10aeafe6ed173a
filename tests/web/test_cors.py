"""What a page of another origin may send and see, if the operator allows the origin."""

import asyncio
from typing import Any

import pytest

from jackfield.web.access_log import AccessLog
from jackfield.web.app import create_app

PAGE = "https://app.example.com"


def ask(method: str, *allowed: str, **headers: str) -> dict[str, str]:
    """The headers of the answer to a page's request, from an application that allows these origins."""

    def never_opened(_: Any) -> Any:
        raise NotImplementedError("the server opens it, and there is none")

    app = create_app(never_opened, [], "", allowed, AccessLog(None))
    answered: dict[str, str] = {}

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        answered.update({name.decode(): value.decode() for name, value in message.get("headers", ())})

    sent = {"host": "test", "origin": PAGE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": "/healthz",
        "raw_path": b"/healthz",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }

    async def answer() -> None:
        await app(scope, receive, send)

    asyncio.run(answer())
    return answered


def preflight(*allowed: str) -> dict[str, str]:
    return ask("OPTIONS", *allowed, access_control_request_method="POST")


@pytest.mark.parametrize(
    "name", ["authorization", "x-api-key", "x-hub-id", "content-type", "x-request-id", "idempotency-key"]
)
def test_an_allowed_page_may_send_what_the_contracts_read(name: str) -> None:
    answer = preflight(PAGE)
    assert answer["access-control-allow-origin"] == PAGE
    assert name in answer["access-control-allow-headers"].lower().split(", ")


def test_an_allowed_page_may_see_what_the_answers_tell() -> None:
    answer = ask("GET", PAGE)
    exposed = {name.lower() for name in answer["access-control-expose-headers"].split(", ")}
    assert exposed == {"x-request-id", "idempotent-replayed", "retry-after", "www-authenticate", "allow", "link"}


@pytest.mark.parametrize("allowed", [(), ("https://other.example.com",)], ids=["none", "another"])
def test_other_pages_may_not(allowed: tuple[str, ...]) -> None:
    assert "access-control-allow-origin" not in preflight(*allowed)
    assert "access-control-allow-origin" not in ask("GET", *allowed)
