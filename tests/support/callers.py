"""Callers with what they may do, for services that are called without HTTP."""

from jackfield.domain.principal import Caller, Capability, Principal
from support.operator import ORIGIN
from support.workbench import KEY_ID, Workbench


def allowed(bench: Workbench, *capabilities: Capability, user: str = "alice") -> Caller:
    """One of the bench's organisation who may do these alone."""
    return Caller(Principal(KEY_ID, bench.organisation.id, user, frozenset(capabilities)), ORIGIN)


def lacking(bench: Workbench, capability: Capability) -> Caller:
    """One who may do everything else."""
    return allowed(bench, *(set(Capability) - {capability}))
