"""Bodies that hypothesis makes: right ones, and ones that are nearly right."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from hypothesis import strategies as st

TYPES: Final = ("sentry", "github", "slack", "jira", "linear", "confluence")
STATUSES: Final = ("active", "inactive", "pending", "error")

#: all but NUL, which no contract takes, and surrogates, which are no characters
CHARACTERS: Final = st.characters(codec="utf-8", exclude_characters="\0")
TEXT: Final = st.text(CHARACTERS, max_size=40)
NAMES: Final = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=255),
    st.sampled_from(["n", "😀" * 255, " ", "null"]),
)
NUMBERS: Final = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)
)
JSON: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=8,
)
#: anything that JSON can spell, with what no contract takes
WILD: Final = st.one_of(
    JSON,
    st.text(max_size=10),
    st.sampled_from(["\0", "\ud800", "", 2**64, -(2**70), 10**400, float("inf"), float("nan"), "x" * 300]),
)
ZONES: Final = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
MOMENTS: Final = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001
METADATA_NAMES: Final = ("instance_name", "created_via", "version", "description", "tags")


def or_null(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


AUTH_DATA: Final = st.fixed_dictionaries(
    {},
    optional={
        **{name: or_null(TEXT) for name in ("access_token", "refresh_token", "token_type", "scope", "code")},
        "expires_at": or_null(MOMENTS.map(datetime.isoformat)),
    },
)
SCOPE_DATA: Final = st.fixed_dictionaries(
    {}, optional={name: or_null(TEXT) for name in ("org_slug", "installation_id", "workspace_id", "project_id")}
)
METADATA: Final = st.builds(
    lambda further, known: {**further, **known},
    st.dictionaries(TEXT.filter(lambda name: name not in METADATA_NAMES), JSON, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "instance_name": TEXT,
            "created_via": TEXT,
            "version": or_null(TEXT),
            "description": or_null(TEXT),
            "tags": st.lists(TEXT, max_size=4),
        },
    ),
)

#: bodies that version 2 takes
SAVES: Final = st.fixed_dictionaries(
    {"name": NAMES, "integration_type": st.sampled_from(TYPES)},
    optional={
        "status": st.sampled_from(STATUSES),
        "active": st.booleans(),
        "auth_data": or_null(AUTH_DATA),
        "scope_data": or_null(SCOPE_DATA),
        "metadata": or_null(METADATA),
    },
)
#: bodies that version 1 takes
CREATES: Final = st.fixed_dictionaries(
    {
        "name": NAMES,
        "integration_type": st.sampled_from(TYPES),
        "auth_data": AUTH_DATA,
        "scope_data": SCOPE_DATA,
        "metadata": METADATA,
        "unique_identifier": st.just(""),
        "created_by": TEXT,
    }
)


@st.composite
def nearly(draw: st.DrawFn, bodies: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A right body in which some values, at any depth, are gone or something else."""
    body = draw(bodies)
    for _ in range(draw(st.integers(1, 3))):
        _spoil(draw, body)
    return body


def _spoil(draw: st.DrawFn, body: dict[str, Any]) -> None:
    if not body:
        return
    name = draw(st.sampled_from(sorted(body)))
    inner = body[name]
    if isinstance(inner, dict) and inner and draw(st.booleans()):
        _spoil(draw, inner)
    elif draw(st.booleans()):
        body[name] = draw(WILD)
    else:
        del body[name]


@st.composite
def damaged(draw: st.DrawFn, bodies: st.SearchStrategy[dict[str, Any]]) -> bytes:
    """The bytes of a right body, some of them changed, doubled or lost."""
    content = json.dumps(draw(bodies), ensure_ascii=draw(st.booleans())).encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 8)))
        instead = draw(st.one_of(st.binary(max_size=4), st.just(content[start:end] * 2)))
        content = content[:start] + instead + content[end:]
    return content


def shown_auth(sent: dict[str, Any] | None) -> dict[str, Any]:
    """How version 1 shows the credentials that were sent."""
    names = ("access_token", "refresh_token", "token_type", "expires_at", "scope", "code")
    if sent is None:
        return dict.fromkeys(names)
    shown = {**dict.fromkeys(names), "token_type": "Bearer", **sent}
    if shown["expires_at"] is not None:
        moment = datetime.fromisoformat(shown["expires_at"]).astimezone(UTC)
        shown["expires_at"] = moment.isoformat().replace("+00:00", "Z")
    return shown


def shown_scope(sent: dict[str, Any] | None) -> dict[str, Any]:
    """How version 1 shows the scope that was sent."""
    return {**dict.fromkeys(("org_slug", "installation_id", "workspace_id", "project_id")), **(sent or {})}


def shown_metadata(sent: dict[str, Any] | None, name: str) -> dict[str, Any]:
    """How both versions show the metadata that was sent."""
    defaults: dict[str, Any] = {
        "instance_name": "",
        "created_via": "manual",
        "version": None,
        "description": None,
        "tags": [],
    }
    shown = {**defaults, **(sent or {})}
    return {**shown, "instance_name": shown["instance_name"] or name}
