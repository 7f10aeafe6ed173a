"""A form as a browser sends it (https://url.spec.whatwg.org/#application/x-www-form-urlencoded)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from jackfield.web.form_body import TYPE, MalformedForm
from jackfield.web.request_body import BodyIncomplete, read_body

_MOST_FIELDS: Final = 5_000


class Form(Mapping[str, Sequence[str]]):
    """The values of each control, the blank ones among them."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> Sequence[str]:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"<Form of {len(self)} fields>"  # what was filled in may be secret

    def first(self, name: str) -> str:
        return next(iter(self.get(name, ())), "")


async def read_form(request: Request) -> Form:
    """Return what was filled in. Raises MalformedForm, BodyTooLarge or Unavailable."""
    try:
        body = await read_body(request)
    except BodyIncomplete as error:
        raise MalformedForm(str(error)) from None
    if request.headers.get("content-type", TYPE).partition(";")[0].strip().lower() != TYPE:
        raise MalformedForm(f"The form has to be sent as {TYPE}")
    try:
        fields = parse_qs(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS, separator="&"
        )
    except ValueError:  # also of UnicodeDecodeError
        raise MalformedForm("The form is not UTF-8, or has too many fields") from None
    return Form(fields)
