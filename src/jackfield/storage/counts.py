"""Counts that stop at `count.MOST`, so that they cost the same however much there is."""

from typing import Final

from jackfield.domain.count import MOST

#: the number of rows of a query, as a value in a statement; see `count.capped`
COUNT: Final = "(select count(*) from (select {rows} limit " + str(MOST + 1) + ") c)"


def counted(rows: str) -> str:
    """As an expression; `rows` is a query without its `select`: `from job j where ...`."""
    return COUNT.format(rows=rows)
