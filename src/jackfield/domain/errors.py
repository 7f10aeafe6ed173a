"""Everything that can go wrong, as one tree.

    JackfieldError
    ├── Unauthenticated          the caller did not prove who it is
    │   ├── KeyMissing
    │   └── KeyInvalid           wrong or revoked
    │       └── KeyExpired
    ├── Forbidden                the caller is known and may not
    │   ├── CapabilityMissing
    │   └── AnotherUser          the call speaks of a user other than the caller
    ├── NotFound
    ├── Conflict
    ├── Invalid                  the request cannot mean anything sensible
    ├── Unavailable              a part we stand on is away; trying again later can help
    └── Misconfigured            only the operator can mend it; the message says how

Each error has a `kind` (what a caller can do about it) and a `code` (stable, for programs). None knows an HTTP
status: each dialect's `translate` gives status and body.
"""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What the receiver of an error can do about it."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"
    MISCONFIGURED = "misconfigured"


class JackfieldError(Exception):
    """Root of the tree. `str(error)` is plain words for a person, without secrets and without internals."""

    kind: ClassVar[Kind]
    code: ClassVar[str]


class Unauthenticated(JackfieldError):
    kind = Kind.UNAUTHENTICATED
    code = "unauthenticated"


class KeyMissing(Unauthenticated):
    code = "key-missing"

    def __init__(self) -> None:
        super().__init__("API key is required")


class KeyInvalid(Unauthenticated):
    code = "key-invalid"

    def __init__(self, message: str = "Invalid API key") -> None:
        super().__init__(message)


class KeyExpired(KeyInvalid):
    code = "key-expired"

    def __init__(self) -> None:
        super().__init__("The API key has expired: make a new one")


class Forbidden(JackfieldError):
    kind = Kind.FORBIDDEN
    code = "forbidden"


class CapabilityMissing(Forbidden):
    code = "capability-missing"

    def __init__(self, capability: str) -> None:
        super().__init__(f"This call needs the capability {capability}, which the key does not have")
        self.capability = capability


class AnotherUser(Forbidden):
    code = "another-user"


class NotFound(JackfieldError):
    """`noun` and `reference` are what was asked for, as the caller spelled it."""

    kind = Kind.NOT_FOUND
    code = "not-found"

    def __init__(self, noun: str, reference: str) -> None:
        super().__init__(f"{noun} not found: {reference}")
        self.noun = noun
        self.reference = reference


class Conflict(JackfieldError):
    kind = Kind.CONFLICT
    code = "conflict"


class Invalid(JackfieldError):
    kind = Kind.INVALID
    code = "invalid"


class Unavailable(JackfieldError):
    kind = Kind.UNAVAILABLE
    code = "unavailable"


class Misconfigured(JackfieldError):
    kind = Kind.MISCONFIGURED
    code = "misconfigured"
