"""What a diagnosis says helps, as buttons and links to where it is done."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jackfield.domain.diagnosis import Diagnosis, Remedy, Severity
from jackfield.web.console.offers import Offers

#: the classes of the card
TONES: Final = {
    Severity.FINE: "fine",
    Severity.NOTE: "quiet",
    Severity.WARNING: "warn",
    Severity.BROKEN: "bad",
}


class Way(msgspec.Struct, frozen=True):
    """`to` is an address; `is_deed`: a form is sent there, instead of being gone to."""

    label: str
    to: str
    is_deed: bool


#: what is to be offered for it, the label, the last part of the address, and whether it is a deed
_PLACES: Final[Mapping[Remedy, tuple[str, str, str, bool]]] = {
    Remedy.EDIT: ("edit", "Edit it", "edit", False),
    Remedy.CHOOSE_ITEMS: ("edit", "Choose what it brings out", "edit#own-item_type", False),
    Remedy.VERIFY: ("verify", "Verify it now", "verify", True),
    Remedy.ENABLE: ("resume", "Resume it", "enable", True),
    Remedy.RETRY_HELD: ("retry_held", "Let the held deliveries go", "retry-held", True),
}


def ways(diagnosis: Diagnosis, offers: Offers, path: str) -> Sequence[Way]:
    """In the order in which they help, each address once; only what is offered. `path` is the integration's address."""
    found: dict[str, Way] = {}
    for step in diagnosis.steps:
        way = _way(step, offers, path)
        if way is not None:
            found.setdefault(way.to, way)
    return list(found.values())


def _way(step: Remedy, offers: Offers, path: str) -> Way | None:
    if step in {Remedy.CONNECT, Remedy.RECONNECT}:
        return _connecting(offers, path, is_first=step is Remedy.CONNECT)
    if step not in _PLACES:
        return None
    offer, label, place, is_deed = _PLACES[step]
    return Way(label, f"{path}/{place}", is_deed) if getattr(offers, offer) else None


def _connecting(offers: Offers, path: str, *, is_first: bool) -> Way | None:
    if offers.connect:
        return Way("Connect it" if is_first else "Connect it again", f"{path}/connect", is_deed=True)
    if offers.reinstall:
        return Way("Install it again", offers.reinstall, is_deed=False)
    return Way("Enter a new credential", f"{path}/edit", is_deed=False) if offers.edit else None
