"""A process of its own that refreshes; the tests of faults start several, and kill some.

python -m support.refresher storm|step <organisation> <integration> <count or step> [seconds that it may live]
"""

import asyncio
import os
import signal
import sys

from jackfield.bootstrap import open_house
from jackfield.domain.integration import Wanted
from jackfield.domain.principal import Caller, Capability, Origin, Principal
from jackfield.services.refresh_attempt import Attempt, Step, is_still
from jackfield.settings import Settings


async def storm(organisation_id: int, integration_id: int, count: int) -> None:
    """So many ask for the credential at once, when the test says so; what they got is printed."""
    caller = Caller(Principal(1, organisation_id, "alice", frozenset(Capability)), Origin("test", "storm"))
    async with open_house(Settings()) as house:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        fetch = house.services.fetching.fetch
        wanted = Wanted(integration_id, "x")
        found = await asyncio.gather(*(fetch(caller, wanted, None) for _ in range(count)))
        print(" ".join(sorted({one.access_token for one in found})), len(found), flush=True)


async def step(organisation_id: int, integration_id: int, fatal: Step) -> None:
    """Refreshes, and is killed by itself before that step, as `kill -9` does."""
    async with open_house(Settings()) as house:
        refreshing = house.services.refreshing
        means = refreshing._means
        way = await refreshing.way("gitlab")
        found = await means.integrations.get_detail(organisation_id, integration_id)
        assert way is not None
        assert found is not None
        assert found.sealed_secrets is not None
        secrets = await means.vault.open(found.secrets_place, found.sealed_secrets)
        token_set = way.token_sets[0]
        needs = is_still(token_set, secrets.get(token_set.access))
        attempt = Attempt(means, way, organisation_id, integration_id, token_set, needs)
        while not attempt.is_done:
            if attempt.next is fatal:
                print("dies", flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            await attempt.advance()
        print("done", flush=True)


def main() -> None:
    what, organisation_id, integration_id, how = sys.argv[1:5]
    if what == "storm":
        asyncio.run(storm(int(organisation_id), int(integration_id), int(how)))
    else:
        asyncio.run(step(int(organisation_id), int(integration_id), Step(how)))


if __name__ == "__main__":
    main()
