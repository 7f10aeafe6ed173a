"""The replies of vendors as they are kept in tests/providers/fixtures: what is asked, what comes, what it means."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec

from jackfield.domain.credential import Secrets
from jackfield.domain.provider import Connection, Delivery
from jackfield.domain.send_lease import LeaseTimes
from jackfield.providers._client import open_client
from jackfield.providers._http import Endpoints
from jackfield.providers._registry import ProviderClass, provider_classes
from support.vendor import Answer, Behaviour, Vendor, vendor

FIXTURES = Path(__file__).parent.parent / "providers" / "fixtures"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
CLASSES = provider_classes()

MARKER = "0123456789abcdef0123456789abcdef"
#: what is delivered; a case's `item` replaces members of it
ITEM: dict[str, Any] = {
    "type": "work_item",
    "key": "WI-7",
    "title": "Brake pads worn",
    "body": "Replace **both** pads.",
    "url": "https://product.example.com/work-items/7",
    "status": "open",
    "priority": "high",
    "labels": ["brakes"],
    "assignee": "Ada",
    "fields": {"Depot": "North"},
}


@dataclass
class Case:
    """One file. What it does not say of the connection stands in the folder's connection.json.

    `call` is the provider's method. `deliver` takes the ITEM with the members of `item` replaced, and what `delivery`
    says of `vendor_id`, `retried` and `marker`; `read_back` takes `vendor_ids`. An exchange's request has a `path` with
    its query, `headers`, and, if it is to be compared, the body as `json` or `form`. `remaining` is what the budget
    says at last, `place_id` what is known of the place.
    """

    slug: str
    name: str
    call: str
    secrets: dict[str, str]
    configuration: dict[str, str]
    endpoints: dict[str, str]
    exchanges: list[dict[str, Any]]
    expected: dict[str, Any]
    item: dict[str, Any] = field(default_factory=dict)
    delivery: dict[str, Any] = field(default_factory=dict)
    vendor_ids: list[str] = field(default_factory=list)
    remaining: int | None = None
    place_id: str | None = None

    def __str__(self) -> str:
        return f"{self.slug}-{self.name}"

    def arguments(self) -> list[Any]:
        """What the provider's method takes besides the connection."""
        match self.call:
            case "deliver":
                wanted = {"marker": MARKER, **self.delivery, "item": {**ITEM, **self.item}}
                return [msgspec.convert(wanted, Delivery)]
            case "read_back":
                return [self.vendor_ids]
            case _:
                return []

    def answers(self) -> list[Answer]:
        return [_answer(exchange["reply"]) for exchange in self.exchanges]

    def secret_words(self) -> list[str]:
        """What may be told to nobody: of an address the part behind the host."""
        return [value.rpartition("}")[2].rpartition("/")[2] or value for value in self.secrets.values()]


def cases(slug: str) -> list[Case]:
    defaults = _load(FIXTURES / slug / "connection.json") if (FIXTURES / slug).is_dir() else {}
    return [
        Case(slug=slug, name=path.stem, **{"call": "verify", **defaults, **_load(path)})
        for path in sorted((FIXTURES / slug).glob("*.json"))
        if path.stem != "connection"
    ]


def case(slug: str, name: str) -> Case:
    return next(one for one in cases(slug) if one.name == name)


@contextlib.asynccontextmanager
async def provider_at(
    case: Case, behaviour: Behaviour, total_seconds: float = 10.0
) -> AsyncIterator[tuple[Any, Connection, Vendor]]:
    """The provider of a case, its connection, and the vendor that both lead to."""
    async with vendor(behaviour) as there:

        def placed(values: dict[str, str]) -> dict[str, str]:
            return {name: value.replace("{url}", there.url) for name, value in values.items()}

        endpoints = placed(case.endpoints)
        connection = Connection(
            Secrets(placed(case.secrets)),
            placed(case.configuration),
            place_id=None if case.place_id is None else case.place_id.replace("{host}", there.url[7:]),
        )
        # what the operator has set is called freely; the rest by the list of what is allowed
        async with open_client(LOOPBACK, {case.slug: list(endpoints.values())}, LeaseTimes(total_seconds)) as http:
            made: ProviderClass = CLASSES[case.slug]
            yield made(http, Endpoints(**endpoints)), connection, there


def lies(value: Any) -> list[Any]:
    """The value with each of its parts in turn replaced by others of any type, or left out."""
    found: list[Any] = [None, [], {}, 5, True, "", "x" * 100_000, "\0", [None], 2**70, -1.5]
    if isinstance(value, list) and value:
        found += [[lie, *value[1:]] for lie in lies(value[0])]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [{**value, key: lie} for lie in lies(inner)]
            found.append({name: one for name, one in value.items() if name != key})
    return found


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _answer(reply: dict[str, Any]) -> Answer:
    if "json" in reply:
        return Answer.of(reply["json"], reply["status"], reply.get("headers"))
    return Answer(reply["status"], reply.get("headers", {}), reply.get("text", "").encode())
