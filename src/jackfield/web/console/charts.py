"""Small charts, as SVG that the server draws: bars of the last day, one for each hour."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

_WIDTH: Final = 480
_HEIGHT: Final = 88
_GAP: Final = 3
#: something that happened is seen, however small it is beside the rest
_LEAST_HEIGHT: Final = 2.0


class Bar(msgspec.Struct, frozen=True):
    """One part of a column; `kind` decides its colour, `title` says what it counts."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    summary: str
    earliest: str
    bars: Sequence[Bar]
    width: int = _WIDTH
    height: int = _HEIGHT


class Column(msgspec.Struct, frozen=True):
    """What happened in one hour: counts by kind, from the ground up."""

    label: str
    counts: Mapping[str, int]


def draw(title: str, summary: str, columns: Sequence[Column], names: Mapping[str, str]) -> Chart:
    """Columns from the earliest to the latest; `names` say what each kind counts, and the order from the ground up."""
    highest = max((sum(column.counts.values()) for column in columns), default=0)
    step = _WIDTH / max(len(columns), 1)
    bars: list[Bar] = []
    for number, column in enumerate(columns):
        y = float(_HEIGHT)
        for kind, name in names.items():
            count = column.counts.get(kind, 0)
            if count:
                height = max(_LEAST_HEIGHT, (_HEIGHT - _LEAST_HEIGHT * len(names)) * count / highest)
                y -= height
                told = f"{column.label}: {count:,} {name}"
                bars.append(
                    Bar(kind, round(number * step, 1), round(y, 1), round(step - _GAP, 1), round(height, 1), told)
                )
    return Chart(title=title, summary=summary, earliest=f"{len(columns)} hours ago", bars=bars)
