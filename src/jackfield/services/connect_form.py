"""What a customer filled in to connect a vendor with a token: read against its definition, everything wrong at once."""

import contextlib
from collections.abc import Iterator, Mapping

import msgspec

from jackfield.domain.connecting import FormProblems
from jackfield.domain.credential import Secrets
from jackfield.domain.definition import Definition, FieldProblem, check_complete
from jackfield.domain.submission import settle_configuration, settle_secrets


def read_form(
    definition: Definition, values: Mapping[str, str], stored: Mapping[str, str]
) -> tuple[Secrets, dict[str, str]]:
    """The credential, which has to be there in full, and the settings; `stored` are those that nothing is said of.

    Values are by the secrets' auth keys and the settings' names; other names are none of the form's. Raises
    FormProblems by the same names.
    """
    problems: dict[str, str] = {}
    secrets: dict[str, str | None] = {}
    settings = dict(stored)
    for secret in definition.secrets:
        value = values.get(secret.auth_key, "").strip()
        with _noting(problems):
            settled = settle_secrets(definition, None, {secret.auth_key: value or None})
            secrets |= settled or {}
    for setting in definition.configuration:
        if setting.name in values:
            value = values[setting.name].strip()
            with _noting(problems):
                changed = settle_configuration(definition, settings, {setting.name: value or None})
                settings = settings if changed is msgspec.UNSET else changed
    if not problems:
        with _noting(problems):
            check_complete(definition, secrets, settings)
    if problems:
        raise FormProblems(problems)
    return Secrets(secrets), settings


@contextlib.contextmanager
def _noting(problems: dict[str, str]) -> Iterator[None]:
    """The first thing that is wrong with a field is what is told of it."""
    try:
        yield
    except FieldProblem as problem:
        problems.setdefault(problem.path[-1], str(problem))
