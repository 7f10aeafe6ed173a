"""Secrets in clear, in a form that does not print itself."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

import msgspec

from jackfield.domain.errors import Misconfigured

#: names that v1 and the core share; providers add their own
CANONICAL_NAMES: Final = (
    "access_token",
    "refresh_token",
    "token_type",
    "expires_at",
    "scope",
    "code",
)
#: of these, the ones that open nothing by themselves
_TELLING_NAMES: Final = frozenset({"token_type", "expires_at", "scope", "user_expires_at", "user_scope"})


class Secrets(Mapping[str, str | None]):
    """An integration's credential, revealed: canonical name → value.

    Printing, logging or formatting one shows its names and never its values.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str | None]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str | None:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)  # the mapping's own goes by an exception, on the hot path

    def __repr__(self) -> str:
        return f"<Secrets: {', '.join(self._values) or 'none'}>"

    __str__ = __repr__

    def __copy__(self) -> "Secrets":
        return self  # it never changes, and one in memory is enough

    def __deepcopy__(self, _: object) -> "Secrets":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets in clear are not to be pickled")

    def without_keys(self) -> "Secrets":
        """What a caller may see who may not have the credential: the members that open nothing by themselves."""
        return Secrets({name: value for name, value in self._values.items() if name in _TELLING_NAMES})

    def opens_with(self, other: "Secrets") -> bool:
        """Whether a secret of the two is the same, so that ending one ends the other."""
        return any(value and name not in _TELLING_NAMES and other.get(name) == value for name, value in self.items())

    def to_bytes(self) -> bytes:
        """The plaintext that the vault seals."""
        return msgspec.json.encode(self._values)

    @classmethod
    def from_bytes(cls, plaintext: bytes) -> "Secrets":
        return cls(_decoder.decode(plaintext))


_decoder = msgspec.json.Decoder(dict[str, str | None])


#: a mask shows this much of a secret, if the secret is longer than that
_MASK_SHOWS: Final = 5
_MASK_MINIMUM: Final = 12
_MASK_END: Final = "..."


def mask(secret: str) -> str:
    """What may be shown of a secret: its first 5 characters and `...` if it is longer than 12, else `...`."""
    return (secret[:_MASK_SHOWS] if len(secret) > _MASK_MINIMUM else "") + _MASK_END


def looks_masked(value: str) -> bool:
    """Whether the value is a mask rather than a secret; no vendor's secret ends so."""
    return value.endswith(_MASK_END)


class SealedValueBroken(Misconfigured):
    """A sealed value does not open: it was moved, altered, or its key is gone."""

    code = "sealed-value-broken"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} cannot be opened: it was altered or moved, or its key is gone")


class Place(msgspec.Struct, frozen=True):
    """Where a sealed value lives. It is bound to the ciphertext, which opens nowhere else."""

    organisation_id: int
    table: str
    row_id: int
    field: str

    def to_bytes(self) -> bytes:
        return f"jackfield/{self.organisation_id}/{self.table}/{self.row_id}/{self.field}".encode()


class WrappedKey(msgspec.Struct, frozen=True):
    """A key as it is stored: encrypted by the master key that `master_key_id` names."""

    id: int
    master_key_id: str
    wrapped: bytes
