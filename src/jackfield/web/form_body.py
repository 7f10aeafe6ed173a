"""Reading a form from a stranger (application/x-www-form-urlencoded), as RFC 6749 appendix B has it."""

from typing import Final
from urllib.parse import parse_qsl

from jackfield.domain.errors import Invalid

TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 100


class MalformedForm(Invalid):
    code = "malformed-form"


def decode(content_type: str | None, body: bytes) -> dict[str, str]:
    """The fields by name; an empty one counts as not sent (RFC 6749 §3.2).

    Raises MalformedForm for another type of body, what is not UTF-8, and a field that is sent more than once.
    """
    if content_type is not None and content_type.partition(";")[0].strip().lower() != TYPE:
        raise MalformedForm(f"The body has to be sent as Content-Type: {TYPE}")
    try:
        sent = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS, separator="&"
        )
    except ValueError:  # also of UnicodeDecodeError
        raise MalformedForm("The body is no form, is not UTF-8, or has too many fields") from None
    fields = dict(sent)
    if len(fields) != len(sent):
        raise MalformedForm("A field is sent more than once")
    return {name: value for name, value in fields.items() if value}
