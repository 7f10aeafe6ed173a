"""Between the wire objects of connect sessions and the core."""

from jackfield.domain import ids
from jackfield.domain.connecting import ConnectSession, ConnectSessionNotFound, Wish
from jackfield.domain.definition import FieldProblem
from jackfield.domain.text import flaw_of_name
from jackfield.services.connect_links import MadeConnectLink
from jackfield.web.dialects.hubs import connect_schemas as schemas


def to_wish(body: schemas.CreateConnectSession) -> Wish:
    """Raises FieldProblem for what looks like an id and is none, or a name that nobody could read."""
    flaw = flaw_of_name(body.name) if body.name is not None else None
    if flaw is not None:
        raise FieldProblem(("name",), flaw)
    return Wish(
        vendor=body.vendor,
        integration_id=None if body.integration_id is None else _to_integration_id(body.integration_id),
        scopes=tuple(body.scopes or ()),
        return_url=body.return_url,
        locale=body.locale,
        name=body.name,
    )


def to_session_id(path_id: str) -> int:
    """Raises ConnectSessionNotFound for what is not an id of this contract."""
    try:
        return ids.parse_hex(path_id)
    except ids.MalformedId:
        raise ConnectSessionNotFound(path_id) from None


def show_made(made: MadeConnectLink) -> schemas.NewConnectSession:
    shown = show_session(made.session)
    return schemas.NewConnectSession(
        id=shown.id,
        vendor=shown.vendor,
        integration_id=shown.integration_id,
        state=shown.state,
        error=shown.error,
        expires_at=shown.expires_at,
        url=made.url,
    )


def show_session(session: ConnectSession) -> schemas.ConnectSession:
    return schemas.ConnectSession(
        id=ids.to_hex(session.id),
        vendor=session.provider,
        integration_id=None if session.integration_id is None else ids.to_hex(session.integration_id),
        state=session.state,
        error=session.error,
        expires_at=session.expires_at,
    )


def _to_integration_id(text: str) -> int:
    try:
        return ids.parse_hex(text)
    except ids.MalformedId:
        raise FieldProblem(("integration_id",), "There is no such integration") from None
