"""Where an integration's items go, and how what is there is found again. See ADR 34.

A link (what an item is at the vendor) belongs to a place. A place is known by the vendor's own id once a provider has
looked it up; until then, and where the vendor has none, by a digest of the settings as they are written. Links stay
where they are when the id is learnt: the place takes over the digest under which they were kept.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from jackfield.domain.integration import JsonObject


class KnownPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One place of an integration.

    `links` is what its links are kept under. `vendor_id` is the vendor's own id, None: not looked up yet, which
    `former`, the configuration that named it, allows for. `settings` is the digest of the settings that lead there
    now, None: others do; they were looked up when the integration had that `credential_version`.
    """

    links: bytes
    vendor_id: str | None = None
    name: str | None = None
    settings: bytes | None = None
    credential_version: int | None = None
    former: JsonObject | None = None


def current_of(known: Sequence[KnownPlace], settings: bytes) -> KnownPlace | None:
    """The place to which these settings led when they were looked up last."""
    return next((place for place in known if place.settings == settings and place.vendor_id is not None), None)


def links_of(vendor_id: str, settings: bytes, known: Sequence[KnownPlace]) -> bytes:
    """What the links of a place are kept under, which is the same for ever, whatever the settings call the place.

    A place that is met for the first time takes over what was brought there by the digest of the same settings, unless
    that is another place's: then the name was given to another one meanwhile.
    """
    for place in known:
        if place.vendor_id == vendor_id:
            return place.links
    taken = {place.links for place in known if place.vendor_id is not None}
    return settings if settings not in taken else _own_digest(vendor_id, taken)


def _own_digest(vendor_id: str, taken: set[bytes]) -> bytes:
    digest = hashlib.blake2b(vendor_id.encode(), digest_size=16, person=b"place").digest()
    # nobody can make two digests meet; but what is another place's must never be taken for this one's
    return digest if digest not in taken else hashlib.blake2b(digest, digest_size=16).digest()
