"""The audit as a file: CSV (RFC 4180) and JSON Lines (https://jsonlines.org), a piece at a time."""

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain import ids
from jackfield.domain.audit import AuditRecord

#: what a spreadsheet takes for a formula at the beginning of a cell, be its cells parted by commas, semicolons or tabs
#: (https://owasp.org/www-community/attacks/CSV_Injection); the wide signs are of Asian keyboards
_FORMULA: Final = re.compile(r"(^\s*|[;,\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20\t\r])")
#: records that are sent together
_TOGETHER: Final = 200


class Format(StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"


MEDIA_TYPES: Final[Mapping[Format, str]] = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSON_LINES: "application/jsonl; charset=utf-8",
}


class Line(msgspec.Struct, frozen=True):
    """A record as a file has it. `key` is that of the key, or of the session that had none; None: nobody called."""

    id: str
    at: str
    user: str
    action: str
    subjects: tuple[str, ...]
    fields: tuple[str, ...]
    address: str
    request_id: str
    key: str | None


async def pieces(records: AsyncIterator[AuditRecord], form: Format) -> AsyncIterator[bytes]:
    """The file, never more of it in memory than a few hundred records."""
    write = _WRITERS[form]
    if form is Format.CSV:
        yield _row(Line.__struct_fields__)
    together: list[bytes] = []
    async for record in records:
        together.append(write(_line(record)))
        if len(together) >= _TOGETHER:
            yield b"".join(together)
            together.clear()
    if together:
        yield b"".join(together)


def _line(record: AuditRecord) -> Line:
    return Line(
        id=ids.to_hex(record.id),
        at=record.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        user=record.user,
        action=record.action,
        subjects=tuple(ids.to_hex(number) for number in record.subject_ids),
        fields=record.fields,
        address=record.address,
        request_id=record.request_id,
        key=None if record.key_id is None else ids.to_hex(record.key_id),
    )


def _as_csv(line: Line) -> bytes:
    cells = (getattr(line, name) for name in Line.__struct_fields__)
    return _row(tuple(" ".join(cell) if isinstance(cell, tuple) else cell or "" for cell in cells))


def _as_json(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def _row(cells: tuple[str, ...]) -> bytes:
    row = io.StringIO()
    csv.writer(row, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return row.getvalue().encode()


def _harmless(cell: str) -> str:
    """The cell as a text, where a spreadsheet would take it for a formula."""
    return _FORMULA.sub(r"\1'", cell)


_WRITERS: Final[Mapping[Format, Callable[[Line], bytes]]] = {Format.CSV: _as_csv, Format.JSON_LINES: _as_json}
