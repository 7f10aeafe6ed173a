"""The wire objects of connect sessions, in the style of the hubs contract."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from jackfield.domain.connecting import SCOPES_LIMIT, ConnectState
from jackfield.web.dialects.hubs.schemas import Id, Moment, Text

Scope = Annotated[str, Meta(min_length=1, max_length=200)]
ReturnUrl = Annotated[str, Meta(min_length=1, max_length=2048)]


# --- what is asked ---


class CreateConnectSession(Struct, kw_only=True):
    """vendor can be left out when integration_id names one that is connected again.

    scopes absent: those of the vendor. return_url has to be allowed by the organisation. locale absent: as the
    customer's browser asks. name is of a new integration; absent: the vendor's. null is the same as absent.
    """

    vendor: Text | None = None
    integration_id: Annotated[str, Meta(min_length=1, max_length=24)] | None = None
    scopes: Annotated[list[Scope], Meta(max_length=SCOPES_LIMIT)] | None = None
    return_url: ReturnUrl | None = None
    locale: Literal["en", "de", "fr", "es"] | None = None
    name: Text | None = None


# --- what is answered ---


class ConnectSession(Struct, kw_only=True):
    """integration_id: the one that is connected again, or the one that came of it. error: why the latest try failed."""

    id: Id
    vendor: str
    integration_id: Id | None
    state: ConnectState
    error: str | None
    expires_at: Moment


class NewConnectSession(ConnectSession, kw_only=True):
    """url is the link, which is shown only here. It works once."""

    url: str


class ConnectSessionAnswer(Struct, kw_only=True):
    data: ConnectSession


class NewConnectSessionAnswer(Struct, kw_only=True):
    data: NewConnectSession
