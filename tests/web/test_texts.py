"""What pages say in each language: the same things, and in the one that is asked for."""

import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

import jackfield.web
from jackfield.domain.connecting import LOCALES
from jackfield.web.pages.texts import TEXTS, texts_for

FOLDER = Path(jackfield.web.__file__).parent / "texts"


def written(language: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def places(language: str) -> dict[str, set[str]]:
    """The places to be filled, by section and key."""
    found = {}
    for section, texts in written(language).items():
        for key, text in ({section: texts} if isinstance(texts, str) else texts).items():
            found[f"{section}.{key}"] = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    return found


def test_there_is_a_file_for_each_language_and_no_other() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == sorted(LOCALES)


@pytest.mark.parametrize("language", [one for one in LOCALES if one != "en"])
def test_every_language_has_the_same_keys_in_order_and_the_same_places(language: str) -> None:
    assert list(places(language)) == list(places("en"))
    assert places(language) == places("en")


@pytest.mark.parametrize("language", LOCALES)
def test_nothing_is_blank_or_sloppy(language: str) -> None:
    for section, texts in written(language).items():
        for key, text in ({section: texts} if isinstance(texts, str) else texts).items():
            assert text == text.strip(), key
            assert "  " not in text
            assert text
            # the quotation marks and apostrophes of the language, not those of a typewriter
            assert not {'"', "'"} & set(text), f"{language}: {section}.{key}"


def test_values_are_escaped_and_markup_stays() -> None:
    text = TEXTS["en"]("begin.for_organisation", organisation="<script>&{vendor}")
    assert text == "For &lt;script&gt;&amp;{vendor}"
    assert TEXTS["de"]("begin.for_organisation", organisation=Markup("<strong>A</strong>")) == "Für <strong>A</strong>"


@pytest.mark.parametrize(
    ("locale", "accepted", "language"),
    [
        ("de", "fr", "de"),
        ("de-AT", "", "de"),
        ("xx", "fr", "fr"),
        (None, "", "en"),
        (None, "es-MX,es;q=0.9,en;q=0.8", "es"),
        (None, "en;q=0.1, fr;q=0.7, de;q=0.3", "fr"),
        (None, "pt, it;q=0.9, de;q=0.1", "de"),
        (None, "fr;q=0, de;q=0.5", "de"),
        (None, "*", "en"),
        (None, ",;q=,de;q=x,\x00,fr;q=7", "en"),
        (None, "x," * 100_000 + "de", "en"),
    ],
    ids=range(11),
)
def test_the_language_is_the_sessions_then_the_browsers_then_english(
    locale: str | None, accepted: str, language: str
) -> None:
    assert texts_for(locale, accepted).language == language
