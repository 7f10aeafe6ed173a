"""What a proxy and the service could understand differently is refused, and nothing of it is done."""

import pytest
import requests

from support.raw_http import RawAnswer, send
from support.service import free_port, start_service
from support.tenant import Tenant

BODY = b'{"name": "a", "integration_type": "sentry"}'


def ask(tenant: Tenant, *headers: str, body: bytes = BODY, host: str = "Host: test\r\n") -> RawAnswer:
    lines = "".join(f"{header}\r\n" for header in headers)
    head = f"POST /api/v2/integrations/save HTTP/1.1\r\n{host}Connection: close\r\n{lines}\r\n"
    return send(tenant.service, head.encode("latin-1") + body)


def whole(tenant: Tenant) -> list[str]:
    return [f"x-api-key: {tenant.key}", f"Content-Length: {len(BODY)}"]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["x-api-key: jf_another"], "x-api-key"),
        (["Authorization: Bearer a", "Authorization: Bearer b"], "authorization"),
        (["Host: another"], "host"),
    ],
)
def test_a_header_that_counts_once_is_not_sent_twice(tenant: Tenant, more: list[str], word: str) -> None:
    answer = ask(tenant, *whole(tenant), *more)
    assert answer.status == 400
    assert word in answer.json()["detail"].lower()
    assert not tenant.v1("GET", "/list").json()["integrations"]


def test_other_headers_may_come_twice(tenant: Tenant) -> None:
    assert ask(tenant, *whole(tenant), "Accept: a/b", "Accept: c/d").status < 300


def test_a_request_names_its_host(tenant: Tenant) -> None:
    answer = ask(tenant, *whole(tenant), host="")
    assert answer.status == 400
    assert "Host" in answer.json()["detail"]


def test_http_1_0_has_no_host(tenant: Tenant) -> None:
    """Old probes of load balancers speak it."""
    assert send(tenant.service, b"GET /healthz HTTP/1.0\r\n\r\n").status == 200


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_a_body_that_is_packed_is_not_taken(tenant: Tenant, coding: str) -> None:
    answer = ask(tenant, *whole(tenant), f"Content-Encoding: {coding}")
    assert answer.status == 415
    assert "Content-Encoding" in answer.json()["detail"]


@pytest.mark.parametrize("coding", ["gzip, chunked", "chunked, chunked", "chunked, identity", "xchunked"])
def test_a_transfer_coding_but_chunked_is_not_taken(tenant: Tenant, coding: str) -> None:
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    answer = ask(tenant, f"x-api-key: {tenant.key}", f"Transfer-Encoding: {coding}", body=chunks)
    assert answer.status in {400, 501}
    assert not tenant.v1("GET", "/list").json()["integrations"]


def test_a_length_and_chunks_are_not_both_believed(tenant: Tenant) -> None:
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    answer = ask(tenant, *whole(tenant), "Transfer-Encoding: chunked", body=chunks + b"GET /smuggled HTTP/1.1\r\n\r\n")
    assert answer.status < 500
    assert b"HTTP/1.1" not in answer.body


def test_metrics_are_for_who_has_the_token(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("metrics") / "log"
    with start_service({**environment, "JACKFIELD_METRICS_TOKEN": "a-long-token"}, log, free_port()) as service:
        url = f"{service.url}/metrics"
        for sent in ({}, {"Authorization": "Bearer a-long"}, {"Authorization": "a-long-token"}):
            answer = requests.get(url, headers=sent, timeout=30)
            assert answer.status_code == 401
            assert "jackfield_" not in answer.text
        assert (
            "jackfield_requests" in requests.get(url, headers={"Authorization": "Bearer a-long-token"}, timeout=30).text
        )
        assert requests.get(f"{service.url}/healthz", timeout=30).status_code == 200
