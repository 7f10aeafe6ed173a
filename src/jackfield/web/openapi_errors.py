"""What a document says of errors: each code with its meaning and remedy, for the contract and for each operation."""

from collections.abc import Iterator, Sequence

from jackfield.web.contract import Answer, Dialect, Fault


def faults_of(dialect: Dialect, status: int, answer: Answer) -> list[Fault]:
    """The errors that an answer with this status can tell of."""
    return [
        fault
        for fault in dialect.faults
        if fault.status == status and (answer.codes is None or fault.code in answer.codes)
    ]


def text(dialect: Dialect) -> str:
    """The part of a contract's description that is about errors, as Markdown."""
    if not dialect.faults:
        return ""
    return "\n".join(
        ["## Errors", "", *([dialect.errors_text, ""] if dialect.errors_text else []), *_table(dialect.faults)]
    )


def table(faults: Sequence[Fault]) -> str:
    """The part of an operation's description that is about errors, as Markdown; empty where there are none."""
    return "\n".join(["**Errors**", "", *_table(faults)]) if faults else ""


def _table(faults: Sequence[Fault]) -> Iterator[str]:
    yield "| Status | Code | Meaning | What to do |"
    yield "|---|---|---|---|"
    for fault in faults:
        yield f"| {fault.status} | `{fault.code}` | {fault.meaning} | {fault.remedy} |"
