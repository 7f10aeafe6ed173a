"""Deeds that cannot be taken back: confirmed by typing the name of what they are done to."""

from jackfield.web.pages.form import Form


def to_type(name: str) -> str:
    """The name as it can be read off a page and typed: blanks count once, and not around it."""
    return " ".join(name.split()) or "yes"


def flaw_of(form: Form, name: str) -> str:
    """What is wrong with what was typed; nothing when it is the name."""
    if " ".join(form.first("confirm").split()) == to_type(name):
        return ""
    return "This is not the name that is asked for: nothing was done."
