"""Discord says its errors by a number in the body; what has none, by the status."""

from jackfield.domain.provider import KnownError, Meaning
from support.vendor import Answer
from support.wire import Said

#: which status comes with a number, where it is not 400
_STATUSES = {"10003": 404, "10008": 404, "10015": 404, "10016": 404, "40001": 401, "50001": 403, "50013": 403}


def said(known: KnownError) -> Said:
    number = int(known.name)
    if number < 1000:
        answer = Answer.of({"message": "x"}, number)
        return Said("deliver_created", answer, place=1, then=[answer] if number == 400 else [])
    answer = Answer.of({"message": "x", "code": number}, _STATUSES.get(known.name, 400))
    if known.field == "thread_id":
        return Said("deliver_created_in_a_thread", answer, place=1)
    if known.meaning is Meaning.GONE:
        return Said("deliver_updated", answer)
    # what may be about the link of the message is sent once more without it
    return Said("deliver_created", answer, place=1, then=[answer] if known.name == "50035" else [])
