"""Connections that are held without a request: silent, with half of the headers, with half of a body, too many of all.

Each is closed after its time, and whoever else calls is answered meanwhile.
"""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.operator import Operator
from support.raw_http import RawAnswer, parse, read_to_end, request
from support.service import Service, free_port, start_service
from support.tenant import Tenant
from support.waiting import until

IDLE_SECONDS = 2
BODY_SECONDS = 2
PER_ADDRESS = 24
ALL = 64
ATTACKER = "127.0.0.1"
#: Linux answers at every address of 127.0.0.0/8
ANOTHER = "127.0.0.2"
PATIENCE = 30.0
HARMLESS = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture(scope="module")
def narrow(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with little room and little patience."""
    limits = {
        "JACKFIELD_IDLE_TIMEOUT_SECONDS": str(IDLE_SECONDS),
        "JACKFIELD_BODY_TIMEOUT_SECONDS": str(BODY_SECONDS),
        "JACKFIELD_MAX_CONNECTIONS": str(ALL),
        "JACKFIELD_MAX_CONNECTIONS_PER_ADDRESS": str(PER_ADDRESS),
    }
    log = tmp_path_factory.mktemp("narrow") / "log"
    with start_service({**environment, **limits}, log, free_port()) as service:
        yield service


@pytest.fixture
def tenant(operator: Operator, narrow: Service) -> Tenant:
    return Tenant.create(operator, narrow)


def opened(service: Service, sent: bytes, address: str = ATTACKER) -> socket.socket:
    connection = socket.create_connection((ATTACKER, service.port), PATIENCE, source_address=(address, 0))
    connection.sendall(sent)
    return connection


def asked_from(service: Service, address: str, target: str = "/healthz") -> RawAnswer:
    """The answer to a harmless call from this address."""
    with opened(service, request("GET", target, {}), address) as connection:
        return parse(read_to_end(connection))


def half_body(tenant: Tenant, announced: str = "Content-Length: 1000") -> bytes:
    head = f"POST /api/v2/integrations/save HTTP/1.1\r\nHost: test\r\nx-api-key: {tenant.key}\r\n{announced}\r\n\r\n"
    return head.encode() + b'{"name": '


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        b"GET /healthz HTTP/1.1\r\nHost: te",
        b"GET /healthz HTTP/1.1\r\nHost: test\r\nX-Half: ",
        b"POST /api/v2/integrations/save HTTP/1.1\r\nContent-Length: 10\r\n",
        b"\r\n",
    ],
    ids=["silence", "one letter", "half a header", "half headers", "headers without their end", "an empty line"],
)
def test_what_never_becomes_a_request_is_closed(narrow: Service, sent: bytes) -> None:
    with opened(narrow, sent) as connection:
        assert not read_to_end(connection).startswith(b"HTTP/1.1 2")


def test_a_connection_that_was_answered_is_closed_when_nothing_more_comes(narrow: Service) -> None:
    with opened(narrow, HARMLESS) as connection:
        assert read_to_end(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("announced", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_half_a_body_is_refused_in_words_and_its_connection_closed(tenant: Tenant, announced: str) -> None:
    sent = half_body(tenant, announced)
    if "chunked" in announced:
        head, _, body = sent.rpartition(b"\r\n\r\n")
        sent = head + b"\r\n\r\n%x\r\n%b\r\n" % (len(body), body)
    with opened(tenant.service, sent) as connection:
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 422 "), answer
    assert b"connection: close" in answer.lower()
    assert b"within 2 seconds" in answer
    assert not tenant.v1("GET", "/list").json()["integrations"]


def test_a_body_that_drips_has_the_same_time_as_any_other(tenant: Tenant) -> None:
    with opened(tenant.service, half_body(tenant)) as connection:
        connection.settimeout(0.2)
        answer = b""
        for _ in range(200):
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(65_536)
                break
            connection.sendall(b" ")
        assert answer.startswith(b"HTTP/1.1 422 ")


@pytest.mark.parametrize("target", ["/api/v2/integrations/save", "/v1/hubs/current/integrations", "/console/sign-in"])
def test_what_is_left_of_a_body_that_is_too_large_is_not_taken_for_a_request(tenant: Tenant, target: str) -> None:
    key = {"x-api-key": tenant.key, "Content-Type": "application/json", "Connection": "keep-alive"}
    sent = request("POST", target, {**key, "Authorization": f"Bearer {tenant.key}"}, length=2 * 1024 * 1024)
    with opened(tenant.service, sent) as connection:
        answer = parse(read_to_end(connection))
    assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_a_malformed_chunk_is_told_to_be_one(tenant: Tenant) -> None:
    head, _, _ = half_body(tenant, "Transfer-Encoding: chunked").rpartition(b"\r\n\r\n")
    with opened(tenant.service, head + b"\r\n\r\nzz\r\n{}\r\n0\r\n\r\n") as connection:
        answer = read_to_end(connection)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 422 ")), answer
    assert b"499" not in answer.split(b"\r\n", 1)[0]


@pytest.mark.parametrize("kind", ["silent", "half headers", "half bodies"])
def test_one_address_cannot_take_all_connections(tenant: Tenant, kind: str) -> None:
    service = tenant.service
    sent = {"silent": b"", "half headers": b"GET / HTTP/1.1\r\nX: ", "half bodies": half_body(tenant)}[kind]
    before = closed(service)
    with contextlib.ExitStack() as stack:
        for _ in range(ALL + PER_ADDRESS):
            stack.enter_context(opened(service, sent))
        assert asked_from(service, ANOTHER).status == 200
        until(lambda: closed(service), lambda seen: seen > before)
    assert asked_from(service, ATTACKER).status == 200


def closed(service: Service) -> float:
    """How many connections were closed for that; asked from another address than the attacker's."""
    lines = asked_from(service, ANOTHER, "/metrics").body.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("jackfield_connections_closed_total "))


def test_connections_that_are_used_stay_when_others_of_their_address_go(narrow: Service) -> None:
    before = closed(narrow)
    with contextlib.ExitStack() as stack:
        used = stack.enter_context(opened(narrow, HARMLESS))
        assert used.recv(65_536).startswith(b"HTTP/1.1 200")
        for _ in range(PER_ADDRESS * 2):
            stack.enter_context(opened(narrow, b""))
        until(lambda: closed(narrow), lambda seen: seen > before)
        used.sendall(HARMLESS)
        assert used.recv(65_536).startswith(b"HTTP/1.1 200")


def test_the_process_may_have_as_many_files_as_connections_are_allowed(narrow: Service) -> None:
    limits = Path(f"/proc/{narrow.process.pid}/limits").read_text()
    [line] = [line for line in limits.splitlines() if line.startswith("Max open files")]
    assert int(line.split()[3]) >= ALL
