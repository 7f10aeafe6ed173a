"""How complete a provider is, computed from what it has; nobody sets a grade by hand."""

from enum import StrEnum

from jackfield.domain.authorization import Authorizes, RevokesGrants
from jackfield.domain.provider import Delivers, Locates, Manifest, ReadsBack, Revokes, Verifies


class Grade(StrEnum):
    """Each has all of the one before it."""

    NONE = "none"
    #: its form is documented, and it proves its credential, where the vendor lets it be proven without a trace
    BRONZE = "bronze"
    #: it ends its credential where the vendor lets it, and keeps to the vendor's limits
    SILVER = "silver"
    #: it delivers, reads back where there is something to read, and is checked against more than recorded replies
    GOLD = "gold"


def abilities(provider: object) -> frozenset[str]:
    """The names of what a provider, or its class, can do: its methods of the protocols that it satisfies."""
    found = set()
    for protocol in (Verifies, Locates, Revokes, Delivers, ReadsBack, Authorizes, RevokesGrants):
        methods = [name for name in vars(protocol) if not name.startswith("_")]
        if all(callable(getattr(provider, name, None)) for name in methods):
            found.update(methods)
    return frozenset(found)


def missing(manifest: Manifest, can: frozenset[str]) -> dict[Grade, list[str]]:
    """What each grade still asks for, in words; nothing for a grade that is reached if those before it are."""
    facts = manifest.facts
    lacks: dict[Grade, list[str]] = {Grade.BRONZE: [], Grade.SILVER: [], Grade.GOLD: []}

    def ask(grade: Grade, what: str, *, met: bool) -> None:
        if not met:
            lacks[grade].append(what)

    helps = [*(field.help for field in manifest.secrets), *(field.help for field in manifest.configuration)]
    ask(Grade.BRONZE, "help for every field", met=all(helps))
    ask(Grade.BRONZE, "the steps to a credential", met=facts is not None and bool(facts.steps))
    ask(Grade.BRONZE, "verify", met="verify" in can or manifest.unprovable is not None)
    ask(
        Grade.SILVER,
        "revoke",
        met=bool({"revoke", "revoke_grant"} & can) or (facts is not None and facts.revocation is None),
    )
    ask(Grade.SILVER, "the vendor's limits", met=facts is not None and bool(facts.limits))
    ask(Grade.GOLD, "deliver", met="deliver" in can)
    ask(Grade.GOLD, "read_back", met="read_back" in can or not manifest.tracks)
    ask(Grade.GOLD, "an emulator or a description of the vendor's", met=bool(manifest.checks))
    return lacks


def grade_of(manifest: Manifest, can: frozenset[str]) -> Grade:
    """The best grade of which nothing is missing, nor of those before it."""
    reached = Grade.NONE
    for grade, lacking in missing(manifest, can).items():
        if lacking:
            break
        reached = grade
    return reached
