"""The places of the console, for those who may see them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from jackfield.domain.principal import Caller, Capability

HOME: Final = "/console"


class Place(msgspec.Struct, frozen=True):
    """`is_here`: the page that is shown is in it."""

    path: str
    label: str
    icon: str
    is_here: bool


_PLACES: Final = (
    (HOME, "Overview", "overview", Capability.VIEW),
    ("/console/integrations", "Integrations", "plug", Capability.VIEW),
    ("/console/catalogue", "Catalogue", "grid", Capability.VIEW),
    ("/console/items", "Items", "box", Capability.VIEW),
    ("/console/deliveries", "Deliveries", "send", Capability.VIEW),
    ("/console/jobs", "Jobs", "activity", Capability.VIEW),
    ("/console/keys", "Keys", "key", Capability.MANAGE_ORGANISATION),
    ("/console/audit", "Audit", "list", Capability.MANAGE_ORGANISATION),
    ("/console/settings", "Settings", "settings", Capability.MANAGE_ORGANISATION),
    ("/console/system", "System", "server", Capability.OPERATE),
)


def places(caller: Caller, path: str) -> Sequence[Place]:
    """Those that the caller may see; `path` is the page that is shown."""
    return [
        Place(place, label, icon, _is_in(path, place))
        for place, label, icon, capability in _PLACES
        if caller.principal.has(capability)
    ]


def _is_in(path: str, place: str) -> bool:
    return path == place or (place != HOME and path.startswith(f"{place}/"))
