"""The account the embedded PostgreSQL runs under, and its way through the parent directories.

PostgreSQL refuses to run as root. Started by root it therefore runs as a system user of its own,
which may pass through the directories above its files (a POSIX access control list says so) but may
not list or read them.
"""

import errno
import os
import pwd
import shutil
import struct
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jackfield.domain.errors import Misconfigured

SYSTEM_USER = "jackfield-postgres"

_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_USERADD_ATTEMPTS = 50
_USERADD_PAUSE = 0.1

_OTHER_WAYS = "run jackfield as an ordinary user, or set JACKFIELD_DATABASE_URL to use a PostgreSQL server of your own"


@dataclass(frozen=True)
class Account:
    """A user and its group, by number."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether this process runs under another account, which then is root."""
        return self.uid != os.geteuid()


def account_for(cluster: Path) -> Account:
    """Return the account that runs the server of `cluster`, a directory that need not exist yet.

    Raises Misconfigured when this process is root and cannot add the system user.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    with suppress(FileNotFoundError):
        # By number: in a rebuilt container the system user's name may stand for another one.
        status = cluster.stat()
        if status.st_uid != 0:
            return Account(status.st_uid, status.st_gid)
    return _system_account()


def _system_account() -> Account:
    with suppress(KeyError):
        return _named_account()
    refusal = ""
    for _ in range(_USERADD_ATTEMPTS):
        refusal = _add_system_user()
        with suppress(KeyError):
            return _named_account()
        time.sleep(_USERADD_PAUSE)  # another program holds the lock on the list of users
    message = f"Cannot add the system user {SYSTEM_USER}: {refusal}. Add it yourself, {_OTHER_WAYS}"
    raise Misconfigured(message)


def _named_account() -> Account:
    entry = pwd.getpwnam(SYSTEM_USER)
    return Account(entry.pw_uid, entry.pw_gid)


def _add_system_user() -> str:
    """Add the system user; return why that was refused, such as that it has just been added."""
    useradd = shutil.which("useradd", path=_SYSTEM_PATH)
    if useradd is None:
        message = (
            "PostgreSQL does not run as root, and there is no useradd to add a user for it:"
            f" add a system user named {SYSTEM_USER} yourself, {_OTHER_WAYS}"
        )
        raise Misconfigured(message)
    completed = subprocess.run(
        [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir=/nonexistent",
            "--shell=/usr/sbin/nologin",
            SYSTEM_USER,
        ],
        env={"PATH": _SYSTEM_PATH, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return completed.stdout.strip().removesuffix(".")


def let_through(account: Account, directory: Path) -> None:
    """Let `account` pass through `directory` and its parents where it may not yet, as root.

    `directory` is absolute and free of symbolic links. Raises Misconfigured when the file system
    has no access control lists.
    """
    if not account.is_other:
        return
    for place in (*reversed(directory.parents), directory):
        access = AccessList.of(place)
        if not access.lets_through(account):
            access.with_passage(account.uid).write(place)


_ACL = "system.posix_acl_access"
_ACL_VERSION = struct.Struct("<I")
_ACL_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _OWNING_GROUP, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_MASKED = {_USER, _OWNING_GROUP, _GROUP}
_NOBODY = 0xFFFFFFFF
_ALL_RIGHTS = 7
_PASS = 1


@dataclass(frozen=True)
class AccessList:
    """The access control list of a directory, acl(5): rights by kind of entry and number."""

    owner: int
    group: int
    rights: dict[tuple[int, int], int]

    @classmethod
    def of(cls, place: Path) -> Self:
        """Return the list of `place`; its mode says the same where it has none."""
        status = place.stat()
        try:
            raw = os.getxattr(place, _ACL)
        except OSError as error:
            if error.errno not in {errno.ENODATA, errno.EOPNOTSUPP}:
                raise
            rights = {
                (_OWNER, _NOBODY): status.st_mode >> 6 & _ALL_RIGHTS,
                (_OWNING_GROUP, _NOBODY): status.st_mode >> 3 & _ALL_RIGHTS,
                (_OTHERS, _NOBODY): status.st_mode & _ALL_RIGHTS,
            }
        else:
            entries = _ACL_ENTRY.iter_unpack(raw[_ACL_VERSION.size :])
            rights = {(kind, number): right for kind, right, number in entries}
        return cls(status.st_uid, status.st_gid, rights)

    def lets_through(self, account: Account) -> bool:
        """Return whether `account`, with no groups but its own, may pass through the directory."""
        if account.uid == self.owner:
            return bool(self.rights[_OWNER, _NOBODY] & _PASS)
        mask = self.rights.get((_MASK, _NOBODY), _ALL_RIGHTS)
        if (_USER, account.uid) in self.rights:
            return bool(self.rights[_USER, account.uid] & mask & _PASS)
        groups = [self.rights[_GROUP, account.gid]] if (_GROUP, account.gid) in self.rights else []
        if account.gid == self.group:
            groups.append(self.rights[_OWNING_GROUP, _NOBODY])
        if groups:
            return any(right & mask & _PASS for right in groups)
        return bool(self.rights[_OTHERS, _NOBODY] & _PASS)

    def with_passage(self, uid: int) -> "AccessList":
        """Return the list with passage for `uid` added and everyone else's rights as they were."""
        mask = self.rights.get((_MASK, _NOBODY), _ALL_RIGHTS)
        # The mask has to grow. What it held back from others is taken from their own entries.
        rights = {
            (kind, number): right & mask if kind in _MASKED else right for (kind, number), right in self.rights.items()
        }
        rights[_USER, uid] = rights.get((_USER, uid), 0) | _PASS
        rights[_MASK, _NOBODY] = 0
        for (kind, _), right in rights.items():
            if kind in _MASKED:
                rights[_MASK, _NOBODY] |= right
        return AccessList(self.owner, self.group, rights)

    def write(self, place: Path) -> None:
        """Make this the list of `place`. Raises Misconfigured when its file system refuses it."""
        # The kernel takes entries in the order of their kind and number only.
        entries = [_ACL_ENTRY.pack(kind, self.rights[kind, number], number) for kind, number in sorted(self.rights)]
        try:
            os.setxattr(place, _ACL, _ACL_VERSION.pack(2) + b"".join(entries))
        except OSError as error:
            message = (
                f"PostgreSQL runs as the user {SYSTEM_USER}, which may not enter {place} and"
                f" cannot be let in ({error.strerror}). Set JACKFIELD_DATA_DIR to a directory that"
                f" it may enter (and install jackfield in such a one), {_OTHER_WAYS}"
            )
            raise Misconfigured(message) from error
