"""kill -9 at each step of a refresh: the next process goes on, and no valid token is lost but with a lost answer."""

import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from jackfield.services.refresh_attempt import Step
from jackfield.settings import ProviderSettings
from jackfield.vault import generate_master_key
from support.grants import events_of, granted, secrets_of
from support.operator import Operator
from support.refreshers import next_line, start_refresher
from support.token_server import Grant, TokenServer, to_environment
from support.vendor_server import Behaviour, Gate, hangs, say
from support.workbench import Workbench

EXPIRE = "update refresh_lease set until = now() where organisation_id = $1 and until > now()"


@dataclass
class Scene:
    bench: Workbench
    tokens: TokenServer
    environment: dict[str, str]

    def connected(self, grant: Grant) -> int:
        ends = datetime.now(UTC) + timedelta(hours=1)
        secrets = {**grant.secrets, "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return granted(self.bench, secrets, "gitlab", token_expires_at=ends, fresh_until=ends, refresh_due_at=ends)

    def recover(self, integration: int) -> str:
        """The time of the dead owner is over, and another process refreshes; how its job ended."""
        self.bench.operator.fetch(EXPIRE, self.bench.organisation.id)
        self.bench.change(integration, refresh_due_at=datetime.now(UTC) - timedelta(minutes=1))
        self.bench.operator.run(self.bench.house.upkeep.tend())
        [job] = [one for one in self.bench.jobs_of(integration) if not one["completed_at"]]
        ended: str = self.bench.run_to_its_end(job["id"])["state"]
        return ended


@pytest.fixture(scope="module")
def scene(server_url: str) -> Iterator[Scene]:
    with (
        TokenServer.start() as tokens,
        Operator.database(server_url, f"jackfield_refresh_killed_{uuid.uuid4().hex[:8]}") as dsn,
    ):
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        placed = {slug: ProviderSettings(**one) for slug, one in tokens.settings().items()}
        with Operator.open(environment, providers=placed) as operator:
            yield Scene(Workbench(operator), tokens, {**environment, **to_environment(tokens.settings())})


def die(scene: Scene, integration: int, step: Step) -> None:
    with start_refresher(scene.environment, "step", scene.bench.organisation.id, integration, step.value) as process:
        next_line(process, "dies")
        assert process.wait(20) == -signal.SIGKILL


@pytest.mark.parametrize("step", [Step.ACQUIRE, Step.READ, Step.ANNOUNCE, Step.ASK])
def test_killed_before_the_vendor_was_asked_nothing_is_lost(scene: Scene, step: Step) -> None:
    grant = scene.tokens.grant()
    integration = scene.connected(grant)
    die(scene, integration, step)
    assert grant.asked == 0
    assert scene.recover(integration) == "completed"
    assert (grant.asked, secrets_of(scene.bench, integration)["refresh_token"]) == (1, grant.refresh)
    assert scene.bench.row(integration)["health"] == "active"


def test_killed_with_the_token_in_hand_it_is_tried_once_more_and_the_reason_is_told(scene: Scene) -> None:
    grant = scene.tokens.grant()
    integration = scene.connected(grant)
    die(scene, integration, Step.KEEP)
    assert (grant.asked, grant.refreshes) == (1, 1)
    assert scene.recover(integration) == "error"
    row = scene.bench.row(integration)
    assert grant.asked == 2
    assert (row["health"], row["status"]) == ("needs_reauthorisation", "error")
    assert "was lost" in row["health_reason"]
    assert events_of(scene.bench, integration) == ["broken"]


def test_killed_after_the_tokens_were_stored_they_are_there(scene: Scene) -> None:
    grant = scene.tokens.grant()
    integration = scene.connected(grant)
    arguments = (scene.bench.organisation.id, integration, Step.DONE.value)
    with start_refresher(scene.environment, "step", *arguments) as process:
        next_line(process, "done")
        process.kill()
    assert secrets_of(scene.bench, integration)["refresh_token"] == grant.refresh
    assert scene.recover(integration) == "completed"
    assert (grant.refreshes, grant.most_at_once) == (2, 1)


@pytest.mark.parametrize("rotated", [False, True], ids=["before", "after"])
def test_killed_while_the_vendor_works(scene: Scene, *, rotated: bool) -> None:
    """`rotated`: the vendor has done it, and its answer does not come."""
    grant = scene.tokens.grant()
    integration = scene.connected(grant)
    gate = Gate(say(200, {}))
    if rotated:
        grant.instead = gate
    else:
        grant.script = [hangs_at(gate)]
    arguments = (scene.bench.organisation.id, integration, Step.DONE.value)
    with start_refresher(scene.environment, "step", *arguments) as process:
        gate.wait()
        process.kill()
    gate.open()
    ended = scene.recover(integration)
    row = scene.bench.row(integration)
    if rotated:
        assert (ended, row["health"]) == ("error", "needs_reauthorisation")
        assert "was lost" in row["health_reason"]
    else:
        assert (ended, row["health"]) == ("completed", "active")
        assert secrets_of(scene.bench, integration)["refresh_token"] == grant.refresh
    assert grant.asked == 2


def test_killed_before_a_refusal_is_written_the_next_one_writes_it(scene: Scene) -> None:
    grant = scene.tokens.grant()
    integration = scene.connected(grant)
    grant.is_over = True
    die(scene, integration, Step.CONDEMN)
    assert scene.bench.row(integration)["health"] == "active"
    assert scene.recover(integration) == "error"
    assert scene.bench.row(integration)["health"] == "needs_reauthorisation"
    assert events_of(scene.bench, integration) == ["broken"]


def hangs_at(gate: Gate) -> Behaviour:
    """Says that it has been reached, and nothing to the one who asked."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        gate.reached.set()
        hangs(request)

    return behave
