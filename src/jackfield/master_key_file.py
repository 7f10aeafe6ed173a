"""The key file of an embedded database: made on first start, readable by its owner alone."""

import os
import secrets
from pathlib import Path

import structlog

from jackfield.domain.errors import Misconfigured
from jackfield.vault import generate_master_key

_log = structlog.get_logger(__name__)


class MasterKeyFile:
    """Holds what JACKFIELD_MASTER_KEYS would: `id:base64`, newest first, one a line or separated by commas."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        return self.path.exists()

    @property
    def has_content(self) -> bool:
        """Whether it is there and says anything; one that cannot be read says so when it is read."""
        try:
            return bool(self.path.read_bytes().strip())
        except FileNotFoundError:
            return False
        except OSError:
            return True

    @property
    def is_private(self) -> bool:
        """Whether nobody but its owner may read it."""
        return self.path.stat().st_mode & 0o077 == 0

    def read_or_make(self) -> str:
        """The file's text. Makes it first if it is not there; of many processes that do so at once, one wins."""
        if not self.exists:
            self._make()
        if not self.is_private:
            _log.warning("the key file can be read by others: chmod 600 it", path=str(self.path))
        try:
            return self.path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"The key file {self.path} cannot be read: {type(error).__name__}") from None

    def _make(self) -> None:
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(generate_master_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # a link is whole or not there, and never replaces another's
            os.link(draft, self.path)
            _log.warning(
                "made a master key: keep a copy of this file, the secrets are lost without it",
                path=str(self.path),
            )
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        self._sync_directory()

    def _sync_directory(self) -> None:
        descriptor = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
