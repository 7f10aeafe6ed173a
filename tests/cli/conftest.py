"""Data directories for commands that use the embedded database."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.data_directory import DataDirectory, copy_of, make_template


@pytest.fixture(scope="session")
def template(shared_directory: Path) -> Iterator[DataDirectory]:
    """A stopped data directory with the organisation Acme and a key, to be copied."""
    directory = make_template(shared_directory / f"template-{uuid.uuid4().hex[:8]}")
    yield directory
    shutil.rmtree(directory.path)


@pytest.fixture
def data_directory(template: DataDirectory, shared_directory: Path) -> Iterator[DataDirectory]:
    """A copy of the template; no process of its database may outlive the test."""
    with copy_of(template, shared_directory / f"copy-{uuid.uuid4().hex[:8]}") as directory:
        yield directory


@pytest.fixture
def empty_directory(shared_directory: Path) -> Iterator[DataDirectory]:
    """A data directory that is not there yet."""
    with DataDirectory(shared_directory / f"empty-{uuid.uuid4().hex[:8]}").cleaned_up() as directory:
        yield directory
