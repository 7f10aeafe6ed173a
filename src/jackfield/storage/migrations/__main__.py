"""`python -m jackfield.storage.migrations`: brings the database of JACKFIELD_MIGRATE_DSN to the newest version.

A process of its own, so that a serving process carries neither Alembic nor SQLAlchemy in its memory.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config


def main() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


if __name__ == "__main__":
    main()
