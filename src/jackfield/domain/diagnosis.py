"""Why an integration does not work, in plain words, and what to do about it.

What is looked at comes in the order in which it has to be mended: an integration that is switched off may have a wrong
credential as well, and of the two the credential is what a person has to see to.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from jackfield.domain.count import Count
from jackfield.domain.definition import VERIFY_AGAIN, Definition
from jackfield.domain.health import Health
from jackfield.domain.integration import Detail, State, Status
from jackfield.domain.item import ItemType

#: a credential that nobody renews by itself is spoken of so long before it ends
_SOON: Final = timedelta(days=7)


class Remedy(StrEnum):
    """What someone can do; pages offer each where it can be done."""

    CONNECT = "connect"
    RECONNECT = "reconnect"
    EDIT = "edit"
    VERIFY = "verify"
    ENABLE = "enable"
    RETRY_HELD = "retry_held"
    CHOOSE_ITEMS = "choose_items"
    WAIT = "wait"
    ASK_OPERATOR = "ask_operator"


class Severity(StrEnum):
    """FINE: nothing is to be done. NOTE: worth knowing. WARNING: it may not work for long. BROKEN: it does not work."""

    FINE = "fine"
    NOTE = "note"
    WARNING = "warning"
    BROKEN = "broken"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the integration. `resting_seconds`: its vendor wants no more calls for so long."""

    held: Count = Count(0)
    resting_seconds: float | None = None


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """`explanation` may be several sentences; `steps` are in the order in which they help, and may be empty."""

    severity: Severity
    headline: str
    explanation: str
    steps: tuple[Remedy, ...] = ()


class _Case(msgspec.Struct, frozen=True):
    """All that is looked at. `definition` None: the package that brought the provider is gone."""

    found: Detail
    definition: Definition | None
    facts: Facts
    now: datetime

    @property
    def vendor(self) -> str:
        return self.found.provider if self.definition is None else self.definition.name

    @property
    def reason(self) -> str:
        """What is known of the reason, as a sentence, with a blank before it."""
        said = self.found.condition.reason or self.found.error
        return f" {said.rstrip('.')}." if said else ""

    @property
    def verifies(self) -> bool:
        return self.definition is not None and self.definition.supports_verification

    @property
    def editable(self) -> bool:
        return self.definition is not None and self.definition.editable

    def steps(self, *wanted: Remedy) -> tuple[Remedy, ...]:
        """Those that there are for such an integration."""
        missing = {Remedy.VERIFY} if not self.verifies else set()
        if not self.editable:
            missing |= {Remedy.EDIT, Remedy.CHOOSE_ITEMS}
        return tuple(step for step in wanted if step not in missing)


def diagnose(found: Detail, definition: Definition | None, facts: Facts, now: datetime) -> Diagnosis:
    """The first thing that has to be mended; held deliveries are spoken of in any case."""
    case = _Case(found, definition, facts, now)
    return next(diagnosis for look in _LOOKS if (diagnosis := look(case)) is not None)


def _going(case: _Case) -> Diagnosis | None:
    if case.found.state is State.DELETED:
        return Diagnosis(
            severity=Severity.NOTE,
            headline="It was deleted",
            explanation="Its credential is erased. Nothing can be brought back; connect a new one if it is needed.",
        )
    if case.found.state is State.DELETING:
        return Diagnosis(
            severity=Severity.NOTE,
            headline="It is being deleted",
            explanation=f"Its access at {case.vendor} is being ended, and its credential erased.",
            steps=(Remedy.WAIT,),
        )
    return None


def _unknown_provider(case: _Case) -> Diagnosis | None:
    if case.definition is not None:
        return None
    return Diagnosis(
        severity=Severity.BROKEN,
        headline="Its provider is not installed here",
        explanation=f"The part that speaks with {case.vendor} is gone from this installation. The operator can bring "
        "it back; until then nothing can be done with this integration but delete it.",
        steps=(Remedy.ASK_OPERATOR,),
    )


def _broken_credential(case: _Case) -> Diagnosis | None:
    found = case.found
    match found.condition.health:
        case Health.REVOKED:
            return Diagnosis(
                severity=Severity.BROKEN,
                headline="Its access was ended here",
                explanation="Somebody revoked it on purpose, and its credential is erased. Connect it again to go on.",
                steps=(Remedy.RECONNECT,),
            )
        case Health.NEEDS_REAUTHORISATION if found.granted_at is not None or not case.editable:
            return Diagnosis(
                severity=Severity.BROKEN,
                headline=f"{case.vendor} does not accept its access any more",
                explanation=f"Somebody has to sign in at {case.vendor} and allow it again.{case.reason}",
                steps=(Remedy.RECONNECT,),
            )
        case Health.NEEDS_REAUTHORISATION:
            reason = case.reason.lstrip() or "It is wrong, expired or revoked there."
            return Diagnosis(
                severity=Severity.BROKEN,
                headline=f"{case.vendor} does not accept its credential",
                explanation=f"{reason} Enter a new one, then verify it.",
                steps=case.steps(Remedy.EDIT, Remedy.VERIFY),
            )
        case Health.MISCONFIGURED:
            return Diagnosis(
                severity=Severity.BROKEN,
                headline="A setting is wrong",
                explanation=f"The credential may be good, but {case.vendor} cannot be used with these settings."
                f"{case.reason} Should the settings be right, the operator's registration at {case.vendor} may not be.",
                steps=case.steps(Remedy.EDIT, Remedy.VERIFY, Remedy.ASK_OPERATOR),
            )
    return None


def _not_used(case: _Case) -> Diagnosis | None:
    found = case.found
    if found.status is Status.INACTIVE:
        return Diagnosis(
            severity=Severity.NOTE,
            headline="It was marked inactive",
            explanation="The product that uses it marked it so through the API, and can mark it active there again. "
            "Until then nothing is brought out.",
        )
    if not found.enabled:
        return Diagnosis(
            severity=Severity.NOTE,
            headline="It is paused",
            explanation="Nothing is brought out until it is resumed. What changes meanwhile is not sent later; a "
            "synchronisation finds it.",
            steps=(Remedy.ENABLE,),
        )
    return None


def _reported_broken(case: _Case) -> Diagnosis | None:
    if case.found.status is not Status.ERROR:
        return None
    return Diagnosis(
        severity=Severity.BROKEN,
        headline="It was reported broken",
        explanation=f"It is not used until it is proven again.{case.reason}",
        steps=case.steps(Remedy.VERIFY, Remedy.EDIT),
    )


def _unproven(case: _Case) -> Diagnosis | None:
    found = case.found
    if found.state is State.VERIFYING:
        return Diagnosis(
            severity=Severity.NOTE,
            headline="It is being verified",
            explanation=f"{case.vendor} is being asked whether it takes the credential. This takes some seconds.",
            steps=(Remedy.WAIT,),
        )
    if found.state is not State.NEW:
        return None
    if found.sealed_secrets is None:
        return Diagnosis(
            severity=Severity.BROKEN,
            headline="It has no credential yet",
            explanation=f"Connect it with {case.vendor}, or enter a credential.",
            steps=case.steps(Remedy.CONNECT, Remedy.EDIT),
        )
    if found.health is Health.DEGRADED:
        return Diagnosis(
            severity=Severity.BROKEN,
            headline=f"{case.vendor} could not be asked",
            explanation=f"Whether the credential is good is not known yet.{case.reason} Verify it again in a while.",
            steps=case.steps(Remedy.WAIT, Remedy.VERIFY),
        )
    if not case.editable:
        return Diagnosis(
            severity=Severity.NOTE,
            headline=f"{case.vendor} has not said yet that it is set up",
            explanation="It is installed. The app's own server finishes its part, and says so; should that take long, "
            "ask its developer.",
            steps=(Remedy.WAIT,),
        )
    return Diagnosis(
        severity=Severity.NOTE if found.status is Status.ACTIVE else Severity.BROKEN,
        headline="It has not been verified",
        explanation=_of_unproven(case),
        steps=case.steps(Remedy.VERIFY),
    )


def _of_unproven(case: _Case) -> str:
    if not case.verifies:
        return f"Nothing is known of its credential; the next call at {case.vendor} shows whether it is good."
    known = case.reason.lstrip() or "Nothing is known of its credential."
    # what was changed says so itself
    return known if known.endswith(VERIFY_AGAIN) else f"{known} Verify it, which takes some seconds."


def _untested(case: _Case) -> Diagnosis | None:
    """Live, since nothing can be asked about it: what is sent first tells."""
    if case.found.health is not Health.UNKNOWN:
        return None
    return Diagnosis(
        severity=Severity.NOTE,
        headline="Nothing was sent with it yet",
        explanation=f"{case.vendor} cannot be asked whether the credential is good. The first delivery shows it."
        f"{case.reason}",
        steps=case.steps(Remedy.CHOOSE_ITEMS) if case.found.item_type == ItemType.NONE else (),
    )


def _degraded(case: _Case) -> Diagnosis | None:
    if case.found.health is not Health.DEGRADED:
        return None
    return Diagnosis(
        severity=Severity.WARNING,
        headline=f"{case.vendor} gives no usable answer at the moment",
        explanation=f"It worked before, and is tried again by itself; nothing is lost meanwhile.{case.reason}",
        steps=case.steps(Remedy.WAIT, Remedy.VERIFY),
    )


def _held(case: _Case) -> Diagnosis | None:
    if not case.facts.held:
        return None
    return Diagnosis(
        severity=Severity.WARNING,
        headline="It works, but some deliveries are held",
        explanation=_of_held(case.facts.held),
        steps=(Remedy.RETRY_HELD,),
    )


def _ending(case: _Case) -> Diagnosis | None:
    """A credential that ends soon, and is not renewed by itself."""
    end = case.found.token_expires_at
    if end is None or case.found.refresh_due_at is not None or end > case.now + _SOON:
        return None
    return Diagnosis(
        severity=Severity.WARNING,
        headline="Its credential has ended" if end <= case.now else "Its credential ends soon",
        explanation=f"It is not renewed by itself. Give it a new one before {case.vendor} refuses it.",
        steps=case.steps(Remedy.RECONNECT)
        if case.found.granted_at is not None
        else case.steps(Remedy.EDIT, Remedy.VERIFY),
    )


def _resting(case: _Case) -> Diagnosis | None:
    if case.facts.resting_seconds is None:
        return None
    return Diagnosis(
        severity=Severity.NOTE,
        headline=f"{case.vendor} limits it at the moment",
        explanation=f"Too many calls were made with its account. {case.vendor} wants none for another "
        f"{_spoken(case.facts.resting_seconds)}; then it goes on by itself.",
        steps=(Remedy.WAIT,),
    )


def _fine(case: _Case) -> Diagnosis:
    if case.found.item_type == ItemType.NONE:
        return Diagnosis(
            severity=Severity.FINE,
            headline="It works",
            explanation="It hears of no items yet. Choose what kind of items it shall bring out, if it shall.",
            steps=case.steps(Remedy.CHOOSE_ITEMS),
        )
    return Diagnosis(severity=Severity.FINE, headline="It works", explanation="Nothing is known against it.")


_LOOKS: Final[tuple[Callable[[_Case], Diagnosis | None], ...]] = (
    _going,
    lambda case: _with_held(case, _unknown_provider(case)),
    lambda case: _with_held(case, _broken_credential(case)),
    lambda case: _with_held(case, _not_used(case)),
    lambda case: _with_held(case, _reported_broken(case)),
    lambda case: _with_held(case, _unproven(case)),
    lambda case: _with_held(case, _degraded(case)),
    _held,
    _ending,
    _resting,
    _untested,
    _fine,
)


def _with_held(case: _Case, diagnosis: Diagnosis | None) -> Diagnosis | None:
    """What is held is let go at last, once it can go out."""
    if diagnosis is None or not case.facts.held:
        return diagnosis
    return msgspec.structs.replace(
        diagnosis,
        explanation=f"{diagnosis.explanation} {_of_held(case.facts.held)}",
        steps=(*diagnosis.steps, Remedy.RETRY_HELD),
    )


def _of_held(held: Count) -> str:
    what = "delivery waits" if held == Count(1) else "deliveries wait"
    return f"{held} {what} for a person to say that trying again makes sense."


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
