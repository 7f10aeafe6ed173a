"""The wire objects of connect sessions, in the style of the hubs contract."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from jackfield.domain.connecting import SCOPES_LIMIT, ConnectState
from jackfield.web.dialects.hubs.schemas import Id, Moment, Text

Scope = Annotated[str, Meta(min_length=1, max_length=200)]
ReturnUrl = Annotated[str, Meta(min_length=1, max_length=2048)]


# --- what is asked ---


class CreateConnectSession(Struct, kw_only=True):
    """What your customer is to connect.

    Send `vendor` for a new integration, or `integration_id` to connect one again. A member that is null counts as not
    sent.

    Attributes:
        vendor: The vendor to connect, as the catalogue names it. Can be left out with `integration_id`.
        integration_id: The integration to connect again, keeping its id and settings. Absent: a new one is created.
        scopes: The rights to ask the vendor for. Absent: the vendor's usual ones.
        return_url: Where to send your customer afterwards. The organisation has to allow it. Absent: nowhere; a page
            says that it is done.
        locale: The language of the pages. Absent: what your customer's browser asks for.
        name: The name of the new integration. Absent: the vendor's.
    """

    vendor: Text | None = None
    integration_id: Annotated[str, Meta(min_length=1, max_length=24)] | None = None
    scopes: Annotated[list[Scope], Meta(max_length=SCOPES_LIMIT)] | None = None
    return_url: ReturnUrl | None = None
    locale: Literal["en", "de", "fr", "es"] | None = None
    name: Text | None = None


# --- what is answered ---


class ConnectSession(Struct, kw_only=True):
    """A link by which your customer connects a vendor, and how far that is.

    Attributes:
        id: Identifies the session.
        vendor: The vendor to connect.
        integration_id: The integration that was created or connected again. Null if there is none yet.
        state: How far it is.
        error: Why the last attempt failed, for people. Null if it did not.
        expires_at: When the link expires.
    """

    id: Id
    vendor: str
    integration_id: Id | None
    state: ConnectState
    error: str | None
    expires_at: Moment


class NewConnectSession(ConnectSession, kw_only=True):
    """A new session, with its link.

    Attributes:
        url: The link to send your customer to. It works once, and it is shown only here.
    """

    url: str


class ConnectSessionAnswer(Struct, kw_only=True):
    """A connect session.

    Attributes:
        data: The session.
    """

    data: ConnectSession


class NewConnectSessionAnswer(Struct, kw_only=True):
    """A new connect session.

    Attributes:
        data: The session, with its link.
    """

    data: NewConnectSession
