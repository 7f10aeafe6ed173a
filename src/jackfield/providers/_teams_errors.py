"""What a workflow calls its errors: a code in the body of an answer that is none of 2xx, or the status alone.

The codes are those of Azure Logic Apps, which runs workflows.
"""

from collections.abc import Iterator
from typing import Final

from jackfield.domain.provider import KnownError, Meaning

WORKFLOW_ERRORS: Final = "https://learn.microsoft.com/en-us/azure/logic-apps/logic-apps-http-endpoint"
LIMITS: Final = "https://learn.microsoft.com/en-us/power-automate/limits-and-config"


def _named(names: str, meaning: Meaning, words: str, source: str = WORKFLOW_ERRORS) -> Iterator[KnownError]:
    for name in names.split():
        yield KnownError(name=name, meaning=meaning, words=words, source=source)


ERRORS: Final = (
    *_named(
        "WorkflowTriggerIsNotEnabled WorkflowDisabled WorkflowNotFound WorkflowTriggerNotFound FlowNotFound "
        "WorkflowTriggerVersionNotFound EnvironmentNotFound 404 410",
        Meaning.CREDENTIAL,
        "Microsoft Teams does not take the webhook: its workflow was deleted or turned off",
    ),
    *_named(
        "DirectApiAuthorizationRequired DirectApiInvalidAuthorizationScheme AuthorizationFailed InvalidAuthentication "
        "InvalidSasAuthentication SignatureMismatch Unauthorized Forbidden 401 403",
        Meaning.CREDENTIAL,
        "Microsoft Teams does not take the webhook: its signature is wrong, or the workflow wants a login. "
        "Let anyone trigger it, and copy the URL again",
    ),
    *_named(
        "MethodNotAllowed 405",
        Meaning.CREDENTIAL,
        "Microsoft Teams has no webhook at this address: copy the URL of the workflow again",
    ),
    *_named(
        "IpAddressNotAllowed",
        Meaning.CONFIGURATION,
        "Microsoft Teams does not let this server's IP address trigger the workflow: ask its owner to allow it",
    ),
    *_named(
        "TriggerInputSchemaMismatch InvalidTemplate RequestEntityTooLarge 400 413 415",
        Meaning.ITEM,
        "Microsoft Teams does not take the card that is made of this item",
    ),
    *_named(
        "InvalidRequestContent InvalidRequestBody",
        Meaning.OURS,
        "Microsoft Teams says that our call is malformed: report this as an error of Jackfield",
    ),
    *_named(
        "WorkflowRunLimitExceeded TooManyRequests DirectApiRequestThrottled 429",
        Meaning.LIMIT,
        "Microsoft Teams limits our calls",
        LIMITS,
    ),
    *_named(
        "NoResponse ServiceUnavailable GatewayTimeout 408",
        Meaning.PASSING,
        "Microsoft Teams did not get an answer from the workflow",
    ),
)
