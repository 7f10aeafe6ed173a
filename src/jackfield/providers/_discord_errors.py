"""What Discord calls its errors: a number in the body, and a status where there is none.

The numbers: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json . Those that a webhook can meet
stand here; the others are about accounts, voice, shops and the like.
"""

from collections.abc import Iterator
from typing import Final

from jackfield.domain.provider import KnownError, Meaning

CODES: Final = "https://docs.discord.com/developers/topics/opcodes-and-status-codes"

_GONE: Final = "Discord does not know the webhook: it was deleted. Create another and enter it"
_NO_THREAD: Final = "Discord cannot post in this thread: check which one it is"
_TOO_MUCH: Final = "Discord does not take the message that is made of this item"
_FILTERED: Final = "Discord has filters on the server that do not let the text of this item through"
_OURS: Final = "Discord says that our call is malformed: report this as an error of Jackfield"


def _numbered(numbers: str, meaning: Meaning, words: str, field: str | None = None) -> Iterator[KnownError]:
    for number in numbers.split():
        yield KnownError(name=number, meaning=meaning, words=words, field=field, source=CODES)


ERRORS: Final = (
    # unknown webhook, unknown webhook service, invalid webhook token, unauthorized, and the statuses without a number
    *_numbered("10015 10016 50027 40001 401 404", Meaning.CREDENTIAL, _GONE),
    # missing access, lack of permissions
    *_numbered(
        "50001 50013 403",
        Meaning.CREDENTIAL,
        "Discord does not let the webhook post in its channel any more: create another and enter it",
    ),
    # the account that made it has to be verified or was disabled
    *_numbered(
        "40002 20026",
        Meaning.CREDENTIAL,
        "Discord wants the account or app that made the webhook verified, or has disabled it: create another",
    ),
    *_numbered(
        "50024 50008 40058 220002 220004 40067",
        Meaning.CONFIGURATION,
        "Discord takes no messages of webhooks in this type of channel: enter a webhook of another channel",
    ),
    # archived, locked, none of the channel's; or a forum, where every message is in a thread
    *_numbered("50083 160005 220001 220003", Meaning.CONFIGURATION, _NO_THREAD, "thread_id"),
    # unknown message, and channel: of a message that is changed
    *_numbered("10008 10003", Meaning.GONE, "Discord does not have the message any more"),
    *_numbered(
        "50005 50021 50086 520003",
        Meaning.GONE,
        "Discord does not let this message be changed: it is somebody else's, or of another kind",
    ),
    # links, words, explicit content and AutoMod
    *_numbered("200000 200001 240000 20009", Meaning.ITEM, _FILTERED),
    # empty, invalid form body (by any field), too long, too large
    *_numbered("50006 50035 40005 50045 400 413", Meaning.ITEM, _TOO_MUCH),
    # malformed JSON, missing access to a feature, invalid request
    *_numbered("50109 50016 405 415", Meaning.OURS, _OURS),
    *_numbered("20016 20022 20028 20029 31001 40062", Meaning.LIMIT, "Discord limits how often messages are sent here"),
    *_numbered("30046", Meaning.LIMIT, "Discord limits how often old messages are changed"),
    *_numbered("130000", Meaning.PASSING, "Discord is overloaded at the moment"),
)
