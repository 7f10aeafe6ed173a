"""Linear's errors as its GraphQL API says them."""

from jackfield.domain.provider import KnownError, Meaning
from support.recorded import case
from support.vendor import Answer
from support.wire import Said


def said(known: KnownError) -> Said:
    name = known.name
    if name == "403":
        return Said("deliver_created", Answer.of({"message": "no"}, 403), 2)
    if name.isdigit():
        return Said("verified", Answer.of({"message": "no"}, int(name)))
    kind = {"type": name.lower().replace("_", " "), "code": name}
    answer = Answer.of({"errors": [{"message": "no", "extensions": kind}], "data": None}, 400)
    if known.meaning is Meaning.ITEM:
        # the issue is created; Linear is asked whether it is there before it is given up
        return Said("deliver_not_taken", answer, 2, case("linear", "deliver_not_taken").answers()[3:])
    return Said("deliver_created", answer, 2)
