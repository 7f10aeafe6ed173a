"""Connect sessions: links by which customers connect. Ours, in the style of the hubs contract."""

from typing import Final

from jackfield.domain.principal import Capability
from jackfield.web.contract import Answer, Call, Operation
from jackfield.web.dialects.hubs import errors
from jackfield.web.dialects.hubs.connect_schemas import (
    ConnectSessionAnswer,
    CreateConnectSession,
    NewConnectSessionAnswer,
)
from jackfield.web.dialects.hubs.connect_translate import show_made, show_session, to_session_id, to_wish
from jackfield.web.dialects.hubs.schemas import ErrorAnswer


async def create_session(call: Call[CreateConnectSession, None]) -> NewConnectSessionAnswer:
    return NewConnectSessionAnswer(
        data=show_made(await call.services.connect_links.create(call.caller, to_wish(call.body)))
    )


async def get_session(call: Call[None, None]) -> ConnectSessionAnswer:
    reference = call.path["sessionId"]
    found = await call.services.connect_links.get(call.caller, to_session_id(reference), reference)
    return ConnectSessionAnswer(data=show_session(found))


_SESSIONS: Final = "/hubs/current/connect-sessions"

CONNECT_OPERATIONS: Final = (
    Operation(
        name="createConnectSession",
        method="POST",
        path=_SESSIONS,
        summary="Create a connect link for a customer",
        description=(
            "The link works once, within 30 minutes. The customer connects the vendor in a browser, and your "
            "product never sees the credential."
        ),
        tag="Connect sessions",
        handler=create_session,
        capability=Capability.MANAGE,
        failure="Failed to create the connect session",
        success=201,
        answers={201: Answer("The session, with its link.", NewConnectSessionAnswer), **errors.BODY_ANSWERS},
        body=CreateConnectSession,
        headers={"cache-control": "no-store"},
        repeatable=False,
    ),
    Operation(
        name="getConnectSession",
        method="GET",
        path=f"{_SESSIONS}/{{sessionId}}",
        summary="Get a connect session",
        description="Shows how far the customer is, and what came of it. A session can be read for 30 days.",
        tag="Connect sessions",
        handler=get_session,
        failure="Failed to get the connect session",
        answers={
            200: Answer("The session.", ConnectSessionAnswer),
            404: Answer("There is no such session.", ErrorAnswer, ["404.hub.connect-session"]),
        },
    ),
)
