"""Eight processes with a hundred tasks each need the same token at once: the vendor is asked once."""

import subprocess
import uuid
from datetime import UTC, datetime, timedelta

from jackfield.settings import ProviderSettings
from jackfield.vault import generate_master_key
from support.grants import granted, secrets_of
from support.operator import Operator
from support.refreshers import next_line, start_refresher
from support.token_server import TokenServer, to_environment
from support.workbench import Workbench

PROCESSES = 8
TASKS = 100


def test_many_processes_refresh_a_token_once(server_url: str) -> None:
    with (
        TokenServer.start() as tokens,
        Operator.database(server_url, f"jackfield_storm_{uuid.uuid4().hex[:8]}") as dsn,
    ):
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        placed = {slug: ProviderSettings(**one) for slug, one in tokens.settings().items()}
        with Operator.open(environment, providers=placed) as operator:
            bench = Workbench(operator)
            grant = tokens.grant()
            ends = datetime.now(UTC) + timedelta(seconds=20)
            secrets = {**grant.secrets, "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
            integration = granted(bench, secrets, "gitlab", token_expires_at=ends, fresh_until=ends)
            bench.change(integration, fresh_until=datetime.now(UTC))
            more = {**environment, **to_environment(tokens.settings())}
            arguments = (bench.organisation.id, integration, TASKS)
            processes = [start_refresher(more, "storm", *arguments) for _ in range(PROCESSES)]
            try:
                for process in processes:
                    next_line(process, "ready")
                for process in processes:
                    assert process.stdin is not None
                    process.stdin.write("\n")
                    process.stdin.flush()
                told = [_answer(process) for process in processes]
            finally:
                for process in processes:
                    process.kill()
                    with process:
                        pass  # closes its pipes
            assert (grant.asked, grant.refreshes, grant.most_at_once) == (1, 1, 1)
            assert told == [f"{grant.access} {TASKS}"] * PROCESSES
            assert secrets_of(bench, integration)["refresh_token"] == grant.refresh
            count = "select count(*) from audit_entry where organisation_id = $1 and action = 'credential.fetched'"
            assert operator.fetch(count, bench.organisation.id)[0][0] == PROCESSES * TASKS


def _answer(process: "subprocess.Popen[str]") -> str:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output.strip().splitlines()[-1]
