"""One number, three spellings: both ways, and nothing else."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jackfield.domain import ids
from jackfield.domain.errors import Kind

EPOCH_SECONDS = 1_735_689_600  # 2025-01-01T00:00:00Z
LARGEST = 2**63 - 1
#: made at 2026-01-01T00:00:00.000Z, the 5th of its sequence
SAMPLE = (365 * 86_400_000 << 22) | 5

numbers = st.integers(0, LARGEST)
any_number = given(numbers)

Parse = Callable[[str], int]
Spell = Callable[[int], str]
SPELLINGS: dict[str, tuple[Spell, Parse]] = {
    "decimal": (ids.to_decimal, ids.parse_decimal),
    "hex": (ids.to_hex, ids.parse_hex),
    "uuid": (ids.to_uuid, ids.parse_uuid),
}
each_spelling = pytest.mark.parametrize(("spell", "parse"), SPELLINGS.values(), ids=SPELLINGS)


@each_spelling
@any_number
@example(0)
@example(1)
@example(LARGEST)
@settings(deadline=None)
def test_a_number_survives_its_spelling(spell: Spell, parse: Parse, number: int) -> None:
    assert parse(spell(number)) == number


@each_spelling
@given(text=st.text(alphabet="0123456789abcdefABCDEF-+ _{}٣３\n", max_size=40) | st.text(max_size=40))
@settings(deadline=None)
def test_any_text_is_refused_or_is_the_very_spelling(spell: Spell, parse: Parse, text: str) -> None:
    try:
        number = parse(text)
    except ids.MalformedId:
        return
    assert 0 <= number <= LARGEST
    assert spell(number) == text


@each_spelling
@given(number=numbers, position=st.integers(0, 35), character=st.sampled_from("0123456789abcdefABCDEF-+ _.é３"))
@settings(deadline=None)
def test_a_slip_of_one_character_never_leads_to_the_same_number(
    spell: Spell, parse: Parse, number: int, position: int, character: str
) -> None:
    right = spell(number)
    wrong = right[:position] + character + right[position + 1 :]
    try:
        found = parse(wrong)
    except ids.MalformedId:
        return
    assert spell(found) == wrong
    assert (found == number) == (wrong == right)


@given(st.tuples(numbers, numbers))
@settings(deadline=None)
def test_hex_and_uuid_sort_as_the_numbers_do(pair: tuple[int, int]) -> None:
    smaller, larger = sorted(pair)
    assert ids.to_hex(smaller) <= ids.to_hex(larger)
    assert ids.to_uuid(smaller) <= ids.to_uuid(larger)


# The layouts, computed in another way


@any_number
@settings(deadline=None)
def test_the_uuid_is_of_version_8_and_holds_the_number_in_its_custom_fields(number: int) -> None:
    spelling = ids.to_uuid(number)
    parsed = uuid.UUID(spelling)
    assert str(parsed) == spelling
    assert parsed.version == 8
    assert parsed.variant == uuid.RFC_4122
    custom_a = parsed.int >> 80
    custom_b = parsed.int >> 64 & (1 << 12) - 1
    custom_c = parsed.int & (1 << 62) - 1
    assert custom_a == number // 2**15
    assert custom_b == number // 8 % 2**12
    assert custom_c == number % 8 * 2**59


@any_number
@settings(deadline=None)
def test_the_hex_spelling_is_the_creation_second_and_the_number(number: int) -> None:
    spelling = ids.to_hex(number)
    assert len(spelling) == 24
    assert spelling == spelling.lower()
    milliseconds = number // 2**22
    assert int(spelling[:8], 16) == EPOCH_SECONDS + milliseconds // 1000
    assert int(spelling[8:], 16) == number


@any_number
@settings(deadline=None)
def test_the_number_tells_when_it_was_made(number: int) -> None:
    milliseconds = number // 2**22
    assert ids.created_at(number) == datetime(2025, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def test_the_spellings_of_one_number() -> None:
    assert ids.created_at(SAMPLE) == datetime(2026, 1, 1, tzinfo=UTC)
    assert ids.to_decimal(SAMPLE) == "132271570944000005"
    assert ids.to_hex(SAMPLE) == "6955b90001d5ec4b00000005"
    assert ids.to_uuid(SAMPLE) == "03abd896-0000-8000-a800-000000000000"


# Every other spelling

UUID = ids.to_uuid(SAMPLE)
HEX = ids.to_hex(SAMPLE)
TOO_LARGE = 2**63


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+1",
        "-1",
        "01",
        "00",
        " 1",
        "1 ",
        "1\n",
        "1_0",
        "1.0",
        "1e3",
        "0x1",
        "٣",
        "\uff11\uff12",
        "²",
        str(TOO_LARGE),
        str(2**64),
        "9" * 19,
        "1" * 20,
        "1" * 5000,
        HEX,
        UUID,
    ],
)
def test_only_plain_digits_are_decimal(text: str) -> None:
    with pytest.raises(ids.MalformedId):
        ids.parse_decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEX.upper(),
        HEX[1:],
        f"0{HEX}",
        f" {HEX}",
        f"{HEX}\n",
        f"+{HEX[1:]}",
        f"0x{HEX[2:]}",
        HEX.replace("6", "\uff16", 1),
        f"{int(HEX[:8], 16) + 1:08x}{HEX[8:]}",
        f"{0:08x}{HEX[8:]}",
        f"{EPOCH_SECONDS + (TOO_LARGE >> 22) // 1000:08x}{TOO_LARGE:016x}",
        "f" * 24,
        "g" * 24,
        str(SAMPLE),
        UUID,
        UUID.replace("-", "")[:24],
    ],
)
def test_only_24_lower_case_digits_with_the_right_second_are_hex(text: str) -> None:
    with pytest.raises(ids.MalformedId):
        ids.parse_hex(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        UUID.upper(),
        UUID.replace("-", ""),
        f"{{{UUID}}}",
        f"urn:uuid:{UUID}",
        f" {UUID}",
        f"{UUID}\n",
        UUID[:-1],
        f"{UUID}0",
        f"{UUID[:14]}4{UUID[15:]}",
        f"{UUID[:14]}7{UUID[15:]}",
        f"{UUID[:19]}2{UUID[20:]}",
        f"{UUID[:19]}e{UUID[20:]}",
        f"{UUID[:-1]}1",
        UUID.replace("0", "\uff10", 1),
        f"{UUID[:8]}{UUID[9:13]}-{UUID[13:]}",
        "00000000-0000-0000-0000-000000000000",
        str(uuid.UUID(int=2**128 - 1)),
        HEX,
        str(SAMPLE),
    ],
)
def test_only_hyphenated_lower_case_version_8_is_a_uuid_of_ours(text: str) -> None:
    with pytest.raises(ids.MalformedId):
        ids.parse_uuid(text)


@given(st.uuids(version=4))
@settings(deadline=None)
def test_random_uuids_are_not_ours(other: uuid.UUID) -> None:
    with pytest.raises(ids.MalformedId):
        ids.parse_uuid(str(other))


def test_the_error_shows_a_long_text_in_short() -> None:
    with pytest.raises(ids.MalformedId) as caught:
        ids.parse_decimal("x" * 10_000)
    assert caught.value.kind is Kind.INVALID
    assert len(str(caught.value)) < 100
