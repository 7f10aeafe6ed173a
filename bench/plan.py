"""How much is measured, and which figures are to be reached."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Plan:
    """Rounds are interleaved: in each, every contender gets one block of `seconds`, one after the other."""

    name: str
    rounds: int
    seconds: int
    steady_rounds: int
    steady_seconds: int
    crowd_seconds: int
    starts: int
    #: rows of the smaller and of the larger table in "cost of a read by size"
    small: int
    large: int


FULL: Final = Plan("full", 5, 3, 3, 8, 5, 3, 1_000, 1_000_000)
QUICK: Final = Plan("quick", 2, 2, 1, 4, 5, 3, 1_000, 100_000)

WARM_UP_SECONDS: Final = 2
CONNECTIONS: Final = 32
CROWD: Final = 256
#: rows that the lists and reads are out of
SEEDED: Final = 10_000
LISTED: Final = 20


@dataclass(frozen=True)
class Target:
    """At least this share of the floor's requests a second, and this many times the conventional stack's."""

    of_floor: float
    of_conventional: float


RATIOS: Final = {"read": Target(0.70, 6), "save": Target(0.70, 4), "list": Target(0.80, 5)}
TAIL_OF_FLOOR: Final = 2.0
LONGEST_WAIT_SECONDS: Final = 1.0
MEMORY_MIB: Final = 120
START_SECONDS: Final = 2.0
FLATNESS: Final = 1.3
