"""The rules by which places are told apart, over whatever order names and places come in."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from jackfield.domain.place import KnownPlace, current_of, links_of

DIGESTS = st.sampled_from([bytes([number]) * 16 for number in range(4)])
VENDOR_IDS = st.sampled_from(["1", "2", "3", "server.example.com/1"])
#: settings that led to a place, one after the other, as with renames, moves, and names that others take
COURSES = st.lists(st.tuples(DIGESTS, VENDOR_IDS), max_size=12)


def learnt(known: list[KnownPlace], settings: bytes, vendor_id: str) -> list[KnownPlace]:
    """What is kept after another look, as services/places.py and storage/places.py keep it."""
    links = links_of(vendor_id, settings, known)
    others = [msgspec.structs.replace(one, settings=None) for one in known if one.links != links]
    return [*others, KnownPlace(links=links, vendor_id=vendor_id, settings=settings, credential_version=1)]


@given(COURSES)
def test_a_place_keeps_its_links_whatever_it_is_called(course: list[tuple[bytes, str]]) -> None:
    known: list[KnownPlace] = []
    first: dict[str, bytes] = {}
    for settings, vendor_id in course:
        known = learnt(known, settings, vendor_id)
        found = current_of(known, settings)
        assert found is not None
        assert found.vendor_id == vendor_id
        assert found.links == first.setdefault(vendor_id, found.links)


@given(COURSES)
def test_two_places_never_share_links(course: list[tuple[bytes, str]]) -> None:
    known: list[KnownPlace] = []
    for settings, vendor_id in course:
        known = learnt(known, settings, vendor_id)
        assert len({one.links for one in known}) == len(known) == len({one.vendor_id for one in known})


@given(DIGESTS, VENDOR_IDS)
def test_the_first_place_takes_over_what_was_brought_under_its_settings(settings: bytes, vendor_id: str) -> None:
    assert links_of(vendor_id, settings, []) == settings
    # also when an earlier one is not looked up yet
    former = KnownPlace(links=b"former", former=None)
    assert links_of(vendor_id, settings, [former]) == settings


@given(COURSES, DIGESTS)
def test_one_place_at_most_is_where_items_go(course: list[tuple[bytes, str]], other: bytes) -> None:
    known: list[KnownPlace] = []
    for settings, vendor_id in course:
        known = learnt(known, settings, vendor_id)
    assert sum(one.settings is not None for one in known) <= 1
    if course and other != course[-1][0]:
        assert current_of(known, other) is None
