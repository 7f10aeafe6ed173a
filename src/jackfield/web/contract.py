"""The dialect kit: one typed declaration of a call becomes its route, its decoding and its part of the document.

A dialect is a published contract. It says how callers prove themselves, which operations there are, and how an error
is worded; the kit does what all of them share.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, Generic, TypeVar

import msgspec
import msgspec.inspect
import structlog
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from jackfield.domain.errors import Invalid, JackfieldError, NotFound
from jackfield.domain.principal import Caller, Capability, Origin, Principal
from jackfield.services import Services
from jackfield.web import form_body, idempotency, json_body
from jackfield.web.headers import header, headers_of
from jackfield.web.request_body import read_body
from jackfield.web.security import Authenticator
from jackfield.web.violations import InvalidRequest, Problem, Violation, convert

Body = TypeVar("Body")
Query = TypeVar("Query")
Proof = TypeVar("Proof")

#: who the caller is, from the request and, where it is a form, its body
Prover = Callable[[Request, Services, Any], Awaitable[Any]]

#: key of the ASGI scope under which the request's id stands
REQUEST_ID: Final = "jackfield.request_id"

_QUERIES: Final = 1024
_NO_STORE: Final = (b"cache-control", b"no-store")
_JSON: Final = (b"content-type", b"application/json")
_IDEMPOTENCY_KEY: Final = idempotency.HEADER.lower().encode()

_log = structlog.get_logger(__name__)
_encoder: Final = msgspec.json.Encoder()


class NotJson(Invalid):
    code = "not-json"

    def __init__(self) -> None:
        super().__init__("The body has to be sent as Content-Type: application/json")


class UnknownPath(NotFound):
    code = "unknown-path"

    def __init__(self, path: str) -> None:
        super().__init__("Path", path)


class MethodNotAllowed(Invalid):
    """The path has no such method; `allowed` are those that it has."""

    code = "method-not-allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"This path knows {', '.join(allowed)}")
        self.allowed = ", ".join(allowed)


class Call(Generic[Body, Query]):
    """One authenticated, decoded call. `sent` is the body as it was, with the fields the type does not know."""

    __slots__ = ("body", "caller", "path", "query", "request", "sent", "services")

    def __init__(self, request: Request, caller: Caller, query: Query, body: Body, sent: Any) -> None:
        self.request = request
        self.services: Services = request.scope["state"]["services"]
        self.caller = caller
        self.path: Mapping[str, str] = request.path_params
        self.query = query
        self.body = body
        self.sent = sent


class ProvenCall(Generic[Proof, Body]):
    """As Call, where callers prove themselves by something else than the contract's key: `proof` is who they are."""

    __slots__ = ("body", "origin", "path", "proof", "request", "services")

    def __init__(self, request: Request, proof: Proof, body: Body) -> None:
        self.request = request
        self.services: Services = request.scope["state"]["services"]
        self.path = request.path_params
        self.proof = proof
        self.body = body
        self.origin = _origin(request)


class Answer(msgspec.Struct, frozen=True):
    """One status that an operation can answer with: what it means, and the type of its JSON body; None: no body.

    `codes` are the error codes that can come with it; None: all of the dialect's `faults` that have this status.
    `headers` name what comes with it beside the headers that the status alone tells of.
    """

    description: str
    body: Any = None
    codes: Sequence[str] | None = None
    headers: Sequence[str] = ()


class Fault(msgspec.Struct, frozen=True):
    """One error code that a contract can answer with: what it means, and what the caller can do about it.

    All of it is published, as Markdown.
    """

    status: int
    code: str
    meaning: str
    remedy: str


class PathParameter(msgspec.Struct, frozen=True):
    """A part of a path that callers fill in: what it is, and the JSON schema of its values, with an example."""

    description: str
    schema: Mapping[str, Any]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a contract.

    `name` is its operationId. `capability` is documented here and asked for by the service; None: any key will do.
    `failure` is how the contract begins the sentence about a failure inside, where it has one. Statuses that all
    operations share, and those of all that read a body or a query, are the dialect's.

    `authenticate` takes the place of the contract's key, and `scheme` names how.

    `lenient`: the handler itself reads `sent`, in which more can be wrong than types tell; `body` only documents it.
    `prove` takes the place of the contract's key: `scheme` names how (None: anybody may call), `needs` says what it
    wants, and the handler gets a ProvenCall. `form`: the body is a form, read before the caller is known. `headers`
    come with every answer that is no error. `repeatable`: a POST takes an Idempotency-Key, where the contract has them;
    not one whose answer holds a secret, since answers are kept as they are. `reveals`: a GET that shows secrets, which
    is audited, and so not answered to a HEAD, which would be audited without showing anything.

    `summary`, `description` and `tag` are published. The description is Markdown, and says what the summary does not.
    """

    name: str
    method: str
    path: str
    summary: str
    handler: Callable[[Any], Awaitable[Any]]
    answers: Mapping[int, Answer]
    failure: str
    description: str = ""
    tag: str = ""
    capability: Capability | None = Capability.VIEW
    success: int = 200
    body: type | None = None
    query: type | None = None
    lenient: bool = False
    authenticate: Authenticator | None = None
    prove: Prover | None = None
    scheme: str | None = None
    needs: str = ""
    form: bool = False
    headers: Mapping[str, str] = {}
    repeatable: bool = True
    reveals: bool = False


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One published contract.

    `areas` are the parts of the address space that are its own where it has no prefix. `optional_security` are schemes
    that can be used beside the key, `other_schemes` those of operations that take no key. `json_only`: a body has to
    say that it is JSON.
    `filters`: how the names of its filters begin. A GET refuses one that it does not know: ignored, it would let
    everything through. `idempotency_answers` is what POSTs can answer with because they take an Idempotency-Key;
    empty: they take none.

    The rest is what the document says of it: `tags` are the groups of operations, by name; `path_parameters` the parts
    of paths, by name; `faults` every error code; `errors_text` how an error looks.
    """

    name: str
    title: str
    version: str
    description: str
    prefix: str
    areas: Sequence[str] = ()
    authenticate: Authenticator
    security_scheme: Mapping[str, str]
    optional_security: Mapping[str, Mapping[str, str]] = {}
    other_schemes: Mapping[str, Mapping[str, Any]] = {}
    json_only: bool = False
    filters: str | None = None
    operations: Sequence[Operation]
    shared_answers: Mapping[int, Answer]
    invalid_answers: Mapping[int, Answer]
    idempotency_answers: Mapping[int, Answer] = {}
    render: Callable[[Exception, Operation | None], Response]
    tags: Mapping[str, str] = {}
    path_parameters: Mapping[str, PathParameter] = {}
    faults: Sequence[Fault] = ()
    errors_text: str = ""

    def owns(self, path: str) -> bool:
        """Whether the path is in the contract's part of the address space, be it one of its paths or not."""
        return path.startswith(tuple(self.areas) or f"{self.prefix}/")

    def routes(self) -> list[Route]:
        """One route per path, literal paths first, so that `list` is never taken for an id."""
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in sorted(self.operations, key=lambda one: one.path.count("{")):
            by_path.setdefault(operation.path, {})[operation.method] = operation
        return [ContractRoute(self.prefix + path, self, operations) for path, operations in by_path.items()]

    def takes_idempotency_key(self, operation: Operation) -> bool:
        return operation.method == "POST" and operation.repeatable and bool(self.idempotency_answers)

    async def answer(self, operation: Operation, request: Request) -> Response:
        """What the operation answers; whatever goes wrong has a form in the contract."""
        return await self._worded(operation, request, self._answer(operation, request))

    async def _worded(self, operation: Operation, request: Request, answering: Awaitable[Response]) -> Response:
        try:
            return await answering
        except JackfieldError as error:
            return self.render(error, operation)
        except Exception as error:  # noqa: BLE001  the contract has a form for this too; see `render`
            _log.exception("unexpected failure", operation=operation.name, request_id=request.scope[REQUEST_ID])
            return self.render(error, operation)

    def _query(self, operation: Operation, sent: bytes) -> Any:
        if self.filters is not None and sent and operation.method == "GET":
            _check_filters(sent, operation.query, self.filters)
        return None if operation.query is None else _decode_query(sent, operation.query)

    async def _answer_proven(self, operation: Operation, request: Request, prove: Prover) -> Response:
        body: Any = None
        if operation.body is not None and operation.form:
            sent = form_body.decode(request.headers.get("content-type"), await read_body(request))
            body = convert(sent, operation.body, "body")
        proof = await prove(request, request.scope["state"]["services"], body)
        if operation.body is not None and not operation.form:
            body = convert(_decode_json(await read_body(request)), operation.body, "body")
        answer = await operation.handler(ProvenCall(request, proof, body))
        return json_response(operation.success, answer, operation.headers)

    async def _answer(self, operation: Operation, request: Request) -> Response:
        if operation.prove is not None:
            return await self._answer_proven(operation, request, operation.prove)
        services: Services = request.scope["state"]["services"]
        principal = await (operation.authenticate or self.authenticate)(request, services.access)
        raw = b""
        sent: Any = None
        if operation.body is not None:
            if self.json_only:
                _check_content_type(request)
            raw = await read_body(request)
            sent = _decode_json(raw)
        if self.takes_idempotency_key(operation) and _IDEMPOTENCY_KEY in headers_of(request.scope):

            def perform() -> Awaitable[Response]:
                return self._worded(operation, request, self._perform(operation, request, principal, sent))

            return await idempotency.answer_once(request, raw, principal, services.answered_calls, perform)
        return await self._perform(operation, request, principal, sent)

    async def _perform(self, operation: Operation, request: Request, principal: Principal, sent: Any) -> Response:
        scope = request.scope
        body = None if operation.body is None or operation.lenient else convert(sent, operation.body, "body")
        query = self._query(operation, scope["query_string"])
        call = Call(request, Caller(principal, _origin(request)), query, body, sent)
        return json_response(operation.success, await operation.handler(call), operation.headers)


class ContractRoute(Route):
    """The operations of one path, by method, without a layer between the router and them.

    HEAD is answered as GET is, without the body, unless that reveals.
    """

    def __init__(self, path: str, dialect: Dialect, operations: Mapping[str, Operation]) -> None:
        super().__init__(path, self._call, methods=list(operations))
        self._dialect = dialect
        self._operations = dict(operations)
        got = operations.get("GET")
        if got is not None and not got.reveals:
            self._operations["HEAD"] = got
        self.methods = set(self._operations)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._operations.get(scope["method"])
        if operation is None:
            response = self._dialect.render(MethodNotAllowed(list(self._operations)), None)
        else:
            response = await self._dialect.answer(operation, Request(scope, receive))
        if scope["method"] == "HEAD":
            # the headers, Content-Length among them, stay those of the GET
            response.body = b""
        await response(scope, receive, send)

    async def _call(self, request: Request) -> Response:
        raise NotImplementedError("`handle` answers")


def json_response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """The answer; one with the status 204 has no body. Nobody may keep a copy: any of them may hold a secret."""
    if status == 204:
        return Response(status_code=204, headers=headers)
    return _JsonResponse(_encoder.encode(body), status, headers)


class _JsonResponse(Response):
    """As Starlette's, with its headers made at once: that is a good part of what an answer costs."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str] | None) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), _JSON]
        if headers:
            self.raw_headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        if not headers or "cache-control" not in headers:
            self.raw_headers.append(_NO_STORE)


def _origin(request: Request) -> Origin:
    client = request.scope["client"]
    return Origin(client[0] if client else "", request.scope[REQUEST_ID])


def _check_content_type(request: Request) -> None:
    sent = header(request.scope, b"content-type")
    if sent is not None and sent.partition(";")[0].strip().lower() not in {"application/json", "text/json"}:
        raise NotJson


@lru_cache(_QUERIES)
def _check_filters(sent: bytes, wanted: type | None, beginning: str) -> None:
    """Raises InvalidRequest for what looks like a filter and is none of the query's, be it by a misspelt bracket."""
    names = [] if wanted is None else [field.encode_name for field in msgspec.structs.fields(wanted)]
    known = tuple(name for name in names if name.startswith(beginning))
    unknown = [
        name for name in dict(QueryParams(sent)) if name.strip().lower().startswith(beginning) and name not in known
    ]
    if unknown:
        raise InvalidRequest([Violation(("query", name), Problem.UNKNOWN, known=known) for name in unknown])


# the same few queries come again and again, and nobody changes what was made of them
@lru_cache(_QUERIES)
def _decode_query(sent: bytes, wanted: type) -> Any:
    """The parameters; those that are lists can be repeated, joined by commas, or both. Raises InvalidRequest."""
    parameters = QueryParams(sent)
    read: dict[str, Any] = dict(parameters)
    for name in _list_parameters(wanted):
        if name in read:
            parts = ",".join(parameters.getlist(name)).split(",")
            read[name] = [part.strip() for part in parts if part.strip()]
    return convert(read, wanted, "query", strict=False)


@cache
def _list_parameters(wanted: type) -> tuple[str, ...]:
    return tuple(
        field.encode_name
        for field in msgspec.structs.fields(wanted)
        if isinstance(_unannotated(msgspec.inspect.type_info(field.type)), msgspec.inspect.ListType)
    )


def _unannotated(info: msgspec.inspect.Type) -> msgspec.inspect.Type:
    return _unannotated(info.type) if isinstance(info, msgspec.inspect.Metadata) else info


def _decode_json(body: bytes) -> Any:
    if not body:
        raise InvalidRequest([Violation(("body",), Problem.MISSING)])
    return json_body.decode(body)
