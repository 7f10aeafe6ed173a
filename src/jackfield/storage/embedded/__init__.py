"""The PostgreSQL that comes with the package, and in one file each what running it takes."""

from jackfield.storage.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer"]
