"""A tracker that tells of its items, a service that brings them to a repository, and what became of them."""

import asyncio
import re
import time
from collections import Counter
from typing import Final

import asyncpg

from jackfield.bootstrap import open_house
from jackfield.settings import Settings
from support.data_directory import DataDirectory
from support.hub import TAKEOVER_SECONDS, Hub
from support.processes import wait_until
from support.repository import Repository

ITEMS: Final = "/v1/hubs/current/items"
_MARKER: Final = re.compile(r"<!-- jackfield:(\w+) -->")
#: the process that has a job in hand was not heard of for a while
FORGET: Final = "update pgqueuer set heartbeat = heartbeat - interval '1 minute' where status = 'picked'"
#: so that what a dead process had sent is not waited for for long
SHORT_CALLS: Final = {"JACKFIELD_VENDOR_TIMEOUT_SECONDS": "3"}


class Product:
    """Items, an integration of theirs, and the repository that it leads to."""

    def __init__(self, hub: Hub, directory: DataDirectory, repository: Repository) -> None:
        self.hub = hub
        self.directory = directory
        self.repository = repository
        self.integration = hub.connect(extra={"repository": repository.name}, item_type="work_item")
        # as a verification would have it
        directory.execute("update integration set state = 'live', status = 'active'")

    def put(self, count: int, word: str = "Item", first: int = 0) -> None:
        """A batch of them; the title says which, and in which words."""
        items = [
            {"type": "work_item", "key": str(key), "title": f"{word} {key}"} for key in range(first, first + count)
        ]
        self.hub.call("POST", f"{ITEMS}/batch", {"items": items})

    def tell(self, script: str) -> None:
        """As soon as the database takes it: what is left of a killed one may have answered the service just now."""

        def is_told() -> bool:
            try:
                self.directory.execute(script)
            except (OSError, asyncpg.PostgresError):
                return False
            return True

        wait_until(is_told, TAKEOVER_SECONDS, "the database is there again")

    def tend(self) -> None:
        """What every process does each minute."""

        async def run() -> None:
            async with open_house(Settings(data_dir=self.directory.path)) as house:
                await house.upkeep.tend()

        asyncio.run(run())

    def deliveries(self) -> Counter[str]:
        """How many are in each state."""
        found = self.directory.fetch("select state, count(*) as number from delivery group by state")
        return Counter({record["state"]: record["number"] for record in found})

    def has_jobs(self) -> bool:
        """Whether one is alive."""
        time.sleep(0.1)  # whoever waits asks again and again, each time over a connection of its own
        return bool(self.directory.fetch("select from job where completed_at is null"))

    def is_at_work(self) -> bool:
        """Whether a job is under way, or about to be."""
        return bool(self.directory.fetch("select from pgqueuer where status = 'picked' or execute_after <= now()"))

    def is_quiet(self) -> bool:
        """Whether nothing is on its way, and no job will bring anything there."""
        if self.has_jobs():
            return False
        states = self.deliveries()
        return not (states["pending"] or states["sending"])

    def wait_until_quiet(self, seconds: float = TAKEOVER_SECONDS) -> None:
        wait_until(self.is_quiet, seconds, "nothing is on its way")

    def wait_for_issues(self, count: int) -> None:
        wait_until(lambda: len(self.repository.issues) >= count, TAKEOVER_SECONDS, f"{count} issues")

    def wait_for_calls(self, count: int) -> None:
        wait_until(lambda: len(self.repository.asked) >= count, TAKEOVER_SECONDS, f"{count} calls")

    def expect_titles(self, *titles: str) -> None:
        """One issue for each item, and no more."""
        markers = [marker_of(issue["body"]) for issue in self.repository.issues.values()]
        assert Counter(markers).most_common(1)[0][1] == 1
        assert self.repository.titles() == sorted(titles)


def marker_of(body: str) -> str:
    """Whose issue it is."""
    found = _MARKER.search(body)
    assert found is not None, body
    return found[1]
