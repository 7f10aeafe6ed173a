"""What pages for customers say, in their language: one file for each in `web/texts`."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from markupsafe import Markup, escape

from jackfield.domain.connecting import LOCALES
from jackfield.web.pages.field_words import FieldWords

_FOLDER: Final = Path(__file__).parent.parent / "texts"
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?")
#: a header may be long, and what comes late in it is wanted least
_MOST_RANGES: Final = 20


class Texts:
    """The texts of one language, by section and key: `texts("done.back", place="app.example.com")`."""

    def __init__(self, language: str) -> None:
        self.language = language
        written = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
        fields: Mapping[str, str] = written.pop("fields")
        self.fields = FieldWords(language=language, **fields)
        self._texts = dict(_flat(written))

    def __call__(self, key: str, **values: str | Markup) -> Markup:
        """The text with its places filled; what is no Markup yet is escaped."""
        return Markup(escape(self._texts[key]).format(**{name: escape(value) for name, value in values.items()}))  # noqa: S704  escaped


def _flat(written: Mapping[str, str | Mapping[str, str]]) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for name, value in written.items():
        if isinstance(value, str):
            texts[name] = value
        else:
            texts |= {f"{name}.{key}": text for key, text in value.items()}
    return texts


TEXTS: Final[Mapping[str, Texts]] = {language: Texts(language) for language in LOCALES}


def texts_for(locale: str | None, accepted: str = "") -> Texts:
    """In the language that is asked for, else in the first of the browser's (RFC 9110 §12.5.4), else in English."""
    wanted = (locale or "").partition("-")[0].lower()
    if wanted in TEXTS:
        return TEXTS[wanted]
    return TEXTS[next((language for language in _accepted(accepted) if language in TEXTS), "en")]


def _accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the one that is wanted most first."""
    found = [_RANGE.fullmatch(part) for part in header.split(",", _MOST_RANGES)[:_MOST_RANGES]]
    weighed = [(float(one[2] or 1), one[1].lower()) for one in found if one]
    return [language for weight, language in sorted(weighed, key=lambda one: -one[0]) if weight > 0]
