"""From the name that a vendor gives an error to what is raised for it."""

import pytest

from jackfield.domain import provider as domain
from jackfield.domain.provider import AuthMethod, Category, KnownError, Manifest, Meaning, ProviderError, SettingField
from jackfield.providers._errors import error_of, find, fit_to_show, refusal
from jackfield.providers._http import Reply

_URL = "https://vendor.example.com/errors"


def known(name: str, meaning: Meaning = Meaning.ITEM, **more: str) -> KnownError:
    return KnownError(name=name, meaning=meaning, words=f"Vendor says {name} to this", source=_URL, **more)


def manifest(*errors: KnownError) -> Manifest:
    return Manifest(
        slug="vendor",
        name="Vendor",
        category=Category.CHAT,
        url="https://vendor.example.com",
        description="x",
        secrets=(),
        configuration=(SettingField(name="channel", title="Channel", help="x"),),
        auth_methods=(AuthMethod(name="none", title="None", secrets=()),),
        errors=errors,
        sources=(),
    )


@pytest.mark.parametrize(
    ("meaning", "error"),
    [
        (Meaning.CREDENTIAL, domain.CredentialRefused),
        (Meaning.RIGHT, domain.RightMissing),
        (Meaning.APPLICATION, domain.ApplicationRefused),
        (Meaning.CONFIGURATION, domain.ConfigurationRejected),
        (Meaning.ITEM, domain.ItemRejected),
        (Meaning.OBJECT_RIGHT, domain.ObjectRightMissing),
        (Meaning.GONE, domain.ObjectVanished),
        (Meaning.LIMIT, domain.VendorLimited),
        (Meaning.PASSING, domain.VendorUnavailable),
        (Meaning.OURS, domain.OurFault),
    ],
)
def test_each_meaning_is_an_error_of_its_own(meaning: Meaning, error: type[ProviderError]) -> None:
    raised = refusal(manifest(known("x", meaning)), "x")
    assert type(raised) is error
    assert str(raised) == "Vendor says x to this"


def test_there_is_no_meaning_without_an_error() -> None:
    assert all(isinstance(error_of(known("x", meaning)), ProviderError) for meaning in Meaning)


def test_the_most_precise_name_that_is_known_counts() -> None:
    table = (known("too_long"), known("400"))
    assert find(table, "no_such", "too_long", 400) is table[0]
    assert find(table, "no_such", 400) is table[1]
    assert find(table, "no_such", 401) is None
    assert find(table) is None


def test_a_limit_lasts_as_long_as_the_vendor_says() -> None:
    table = manifest(known("slow", Meaning.LIMIT))
    reply = Reply(429, {"retry-after": "7"}, b"")
    for raised, seconds in [
        (refusal(table, "slow", reply=reply), 7.0),
        (refusal(table, "slow", reply=reply, seconds=3.0), 3.0),
        (refusal(table, "slow"), None),
    ]:
        assert isinstance(raised, domain.VendorLimited)
        assert raised.retry_after == seconds


def test_setting_and_right_are_named() -> None:
    configuration = refusal(manifest(known("a", Meaning.CONFIGURATION, field="channel")), "a")
    assert isinstance(configuration, domain.ConfigurationRejected)
    assert configuration.field == "channel"
    missing = refusal(manifest(known("b", Meaning.RIGHT, right="chat:write")), "b")
    assert isinstance(missing, domain.RightMissing)
    assert missing.right == "chat:write"
    told = refusal(manifest(known("b", Meaning.RIGHT, right="chat:write")), "b", right="files:write")
    assert isinstance(told, domain.RightMissing)
    assert told.right == "files:write"


def test_the_vendors_own_reason_for_one_item_is_shown() -> None:
    raised = refusal(manifest(known("400")), 400, reason="Priority\nis required.")
    assert str(raised) == "Vendor says 400 to this (Priority is required.)"


def test_an_error_that_no_table_has_is_shown_under_the_vendors_name_for_it() -> None:
    raised = refusal(manifest(known("a")), "brand_new_error", 400)
    assert isinstance(raised, domain.UnknownRefusal)
    assert raised.name == "brand_new_error"
    assert str(raised) == "Vendor refuses this with an error that Jackfield does not know: brand_new_error"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("is_inactive", "is_inactive"),
        ("FST_JWT_AUTHORIZATION_TOKEN_EXPIRED", "FST_JWT_AUTHORIZATION_TOKEN_EXPIRED"),
        ("two\r\nlines\tand\x00more\x1b[31m", "two lines and more [31m"),
        ("bad token xoxb-0123456789-abcdefghijk here", "bad token … here"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig_x", "Bearer …"),
        ("\u202eright to left", "right to left"),
        ("", "no name"),
        ("x" * 5000, "x" * 99 + "…"),
    ],
)
def test_what_a_vendor_wrote_is_made_fit_to_show(written: str, shown: str) -> None:
    assert (fit_to_show(written) or "no name") == shown
    raised = refusal(manifest(), written)
    assert isinstance(raised, domain.UnknownRefusal)
    assert raised.name == shown
    assert len(str(raised)) < 200


@pytest.mark.parametrize(
    ("errors", "wrong"),
    [
        ((known("a"), known("a")), "two errors have the same name"),
        ((known("a", Meaning.CONFIGURATION, field="nothing"),), "errors name nothing, which is no field"),
    ],
)
def test_a_table_that_contradicts_itself_is_no_manifest(errors: tuple[KnownError, ...], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        manifest(*errors)
