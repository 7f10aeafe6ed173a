"""Slack says its errors by name, with status 200."""

from jackfield.domain.provider import KnownError, Meaning
from support.vendor import Answer
from support.wire import Said


def said(known: KnownError) -> Said:
    answer = Answer.of({"ok": False, "error": known.name})
    if known.source.endswith("conversations.info"):
        return Said("verified_with_channel", answer, place=1)
    if known.source.endswith("conversations.history"):
        return Said("deliver_retried_found", answer)
    case = "deliver_updated" if known.source.endswith("chat.update") else "deliver_created"
    # a message that is too much is sent once more in brief
    return Said(case, answer, then=[answer] if known.meaning is Meaning.ITEM else [])
