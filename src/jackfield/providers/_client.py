"""The one HTTP client through which everything leaves: guarded, capped, measured, and silent about secrets."""

import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

import aiohttp
import msgspec
from opentelemetry import trace
from prometheus_client import Counter, Histogram

from jackfield.domain import send_lease
from jackfield.domain.provider import ConfigurationRejected, VendorUnavailable
from jackfield.domain.send_lease import LeaseTimes
from jackfield.providers._egress import AddressRefused, Egress, Network
from jackfield.providers._http import AnswerTooLong, Reply, host_of, origin_of

#: of an answer; what vendors tell us is far smaller
BODY_BYTES: Final = 2 * 1024 * 1024
_CONNECTIONS: Final = 100
_TIMES: Final = LeaseTimes()
_CONNECTIONS_PER_HOST: Final = 10
_USER_AGENT: Final = "Jackfield"

CALLS: Final = Counter("jackfield_vendor_calls_total", "Calls to vendors, by outcome.", ["provider", "outcome"])
SECONDS: Final = Histogram(
    "jackfield_vendor_call_seconds",
    "From the start of a call to a vendor to the end of its answer.",
    ["provider"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
#: what each failure of the connection is called; the first that fits
_FAILURES: Final[tuple[tuple[type[aiohttp.ClientError], str], ...]] = (
    (aiohttp.ClientConnectorDNSError, "has no address that can be looked up"),
    (aiohttp.ClientConnectorSSLError, "broke off while the connection was encrypted"),
    (aiohttp.ClientConnectorError, "cannot be reached"),
    (aiohttp.ServerDisconnectedError, "broke off the connection"),
    (aiohttp.ClientOSError, "broke off the connection"),
    (aiohttp.ClientPayloadError, "broke off in the middle of its answer"),
)
#: what OpenSSL calls an answer that is not TLS: a server that speaks plain HTTP there
_PLAIN: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE"})
#: X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_CERT_HAS_EXPIRED
_OTHER_NAME: Final = frozenset({62, 64})
_EXPIRED: Final = 10
_NO_TLS: Final = "answers without TLS there: enter its address with http, or the port that it has for https"
_tracer: Final = trace.get_tracer("jackfield")


class GuardedClient:
    """Calls vendors. A `placed` call goes wherever one of the `trusted_origins` of its provider leads."""

    def __init__(
        self,
        guarded: aiohttp.ClientSession,
        free: aiohttp.ClientSession,
        trusted_origins: Mapping[str, frozenset[str]],
        total_seconds: float,
    ) -> None:
        self._total_seconds = total_seconds
        self._guarded = guarded
        self._free = free
        self._trusted_origins = trusted_origins

    async def request(  # noqa: PLR0913  one call has as many parts
        self,
        provider: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        placed: bool = False,
    ) -> Reply:
        """One call, without redirects. Any status is a reply.

        `placed`: the address is where the operator placed this provider; only then is it called wherever it leads.

        Raises ConfigurationRejected for an address that is none, must not be called or is not the server's (TLS says
        so), and VendorUnavailable when no whole answer came in time. Neither says more of the address than its host,
        since a path may be a secret.
        """
        host = host_of(url)
        # what is claimed leaves only as long as it is ours
        await send_lease.hold()
        started = time.perf_counter()
        outcome = "failed"
        attributes = {"http.request.method": method, "server.address": host, "jackfield.provider": provider}
        with _tracer.start_as_current_span(method, kind=trace.SpanKind.CLIENT, attributes=attributes) as span:
            try:
                trusted = placed and origin_of(url) in self._trusted_origins.get(provider, frozenset())
                session = self._free if trusted else self._guarded
                reply = await self._send(session, method, url, headers or {}, query, json, form)
                outcome = f"{reply.status // 100}xx"
                span.set_attribute("http.response.status_code", reply.status)
                return reply
            finally:
                CALLS.labels(provider, outcome).inc()
                SECONDS.labels(provider).observe(time.perf_counter() - started)

    async def _send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None,
        json: Any,
        form: Mapping[str, str] | None,
    ) -> Reply:
        sent_headers = {"User-Agent": _USER_AGENT, "Accept": "application/json", **headers}
        body: bytes | aiohttp.FormData | None = None
        if json is not None:
            body = msgspec.json.encode(json)
            sent_headers.setdefault("Content-Type", "application/json")
        elif form is not None:
            body = aiohttp.FormData(dict(form))
        host = host_of(url)
        try:
            async with session.request(
                method, url, headers=sent_headers, params=query, data=body, allow_redirects=False
            ) as response:
                content = await _read(response, host)
                return Reply(
                    response.status, {name.lower(): value for name, value in response.headers.items()}, content
                )
        except aiohttp.ClientError as error:
            raise _explain(error, host) from None
        except TimeoutError:
            raise VendorUnavailable(f"{host} did not answer within {self._total_seconds:.0f} s") from None
        except (ValueError, UnicodeError):
            raise ConfigurationRejected(f"{host} cannot be called: the address or a header is malformed") from None
        except OSError:
            raise VendorUnavailable(f"{host} cannot be reached") from None


@contextlib.asynccontextmanager
async def open_client(
    allowed: Sequence[Network], placed: Mapping[str, Iterable[str]], times: LeaseTimes = _TIMES
) -> AsyncIterator[GuardedClient]:
    """The client of one process. `placed` are the addresses that the operator has set, by provider.

    A call takes at most `times.call_seconds`, from before it connects to the last byte of the answer.
    """
    egress = Egress(allowed)
    timeout = aiohttp.ClientTimeout(total=times.call_seconds, connect=times.connect_seconds)

    def session(guarded: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=_CONNECTIONS,
            limit_per_host=_CONNECTIONS_PER_HOST,
            socket_factory=egress.open_socket if guarded else None,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            request_class=_LeasedRequest,
        )

    async with session(True) as guarded, session(False) as free:
        origins = {provider: frozenset(map(origin_of, urls)) for provider, urls in placed.items()}
        yield GuardedClient(guarded, free, origins, times.call_seconds)


class _LeasedRequest(aiohttp.ClientRequest):
    """A request that is checked once more when it is connected: the process may have stood still meanwhile."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        send_lease.check()
        return await super().send(conn)


async def _read(response: aiohttp.ClientResponse, host: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > BODY_BYTES:
            # not read to its end, so the connection cannot be used again
            response.close()
            raise AnswerTooLong(
                f"{host} sent more than {BODY_BYTES // 1024 // 1024} MiB in one answer, and no more is read: check "
                "that the address is right, and that what the settings name is no larger than it has to be"
            )
        parts.append(part)
    return b"".join(parts)


def _certificate(error: Exception) -> str:
    """What is wrong with a server's certificate, and what to do about it."""
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _OTHER_NAME:
        return "has a certificate for another name: enter the address that the certificate is for"
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code == _EXPIRED:
        return "has a certificate that has expired: whoever runs that server has to renew it"
    return (
        "has a certificate that this service does not trust: enter the address that has a trusted one, "
        "or ask the operator to trust its authority (SSL_CERT_FILE)"
    )


def _explain(error: aiohttp.ClientError, host: str) -> ConfigurationRejected | VendorUnavailable:
    if isinstance(error, aiohttp.InvalidURL):
        return ConfigurationRejected("The address is malformed")
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
        return error.os_error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return ConfigurationRejected(f"{host} {_certificate(error.certificate_error)}")
    if isinstance(error, aiohttp.ClientConnectorSSLError) and _PLAIN & {getattr(error.os_error, "reason", None)}:
        return ConfigurationRejected(
            f"{host} answers without TLS there: enter its address with http, or its port for https"
        )
    sentence = next((words for kind, words in _FAILURES if isinstance(error, kind)), "did not answer in HTTP")
    return VendorUnavailable(f"{host} {sentence}")
