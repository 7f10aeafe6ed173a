"""What the operator is alarmed of: errors of our own, and refusals that we cannot read."""

from typing import Final

from prometheus_client import Counter

from jackfield.domain import ids

OWN_ERRORS: Final = Counter(
    "jackfield_own_errors_total",
    "Items held because of an error of Jackfield's own, or a call that the vendor says is malformed.",
    ["provider"],
)
UNKNOWN_REFUSALS: Final = Counter(
    "jackfield_unknown_refusals_total", "Refusals of vendors that no table of errors knows.", ["provider"]
)


def label(vendor: str) -> str:
    """A provider's slug; one word for all definitions that tenants authored, of which there may be any number."""
    try:
        ids.parse_hex(vendor)
    except ids.MalformedId:
        return vendor
    return "authored"
