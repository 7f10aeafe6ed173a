"""What the master keys are used for: for the command line and the console alike."""

from collections.abc import Mapping

from jackfield.domain.ports import KeyRing
from jackfield.domain.system import MasterKeyUse


def master_key_uses(ring: KeyRing, wrapped: Mapping[str, int]) -> tuple[MasterKeyUse, ...]:
    """Every key that is given, newest first, and then those that are not and wrap something all the same."""
    given = set(ring.ids)
    return tuple(
        MasterKeyUse(id=key_id, newest=key_id == ring.newest_id, given=key_id in given, wraps=wrapped.get(key_id, 0))
        for key_id in dict.fromkeys([*ring.ids, *wrapped])
    )
