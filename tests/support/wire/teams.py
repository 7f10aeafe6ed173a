"""A workflow says its errors by a code in the body, or by its status alone."""

from jackfield.domain.provider import KnownError
from support.vendor import Answer
from support.wire import Said


def said(known: KnownError) -> Said:
    if known.name.isdigit():
        return Said("deliver_created", Answer(int(known.name), {}, b""))
    return Said("deliver_created", Answer.of({"error": {"code": known.name, "message": "x"}}, 400))
