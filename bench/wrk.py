"""The closed-loop load: every connection sends its next request as soon as it has the answer."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from bench.process import Running
from bench.usage import Meter

_SCRIPT: Final = Path(__file__).with_name("wrk.lua")
_RESULT: Final = re.compile(r"^RESULT (\{.*\})$", re.MULTILINE)
#: far above any wait that is allowed, so that a long wait is measured and not counted as an error
_TIMEOUT: Final = "10s"
_GRACE_SECONDS: Final = 30


class Block(msgspec.Struct, frozen=True):
    """One run against one contender. `failed` answers were no 2xx; `broken` ones never came.

    `service_us` and `database_us` are the processor time of one request, `others` the share of the machine that
    others used.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    failed: int
    broken: int
    service_us: float = 0
    database_us: float = 0
    others: float = 0

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def errors(self) -> int:
        return self.failed + self.broken


def find_wrk() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("bench: wrk is not installed. On Debian: apt-get install wrk")
    return found


def write_requests(path: Path, requests: Sequence[bytes]) -> None:
    path.write_bytes(b"".join(b"%d\n%s\n" % (len(request), request) for request in requests))


def run_wrk(service: Running, database_pid: int, requests: Path, connections: int, seconds: int) -> Block:
    meter = Meter(service.pid, database_pid)
    block = _run(service.port, requests, connections, seconds)
    usage = meter.read()
    each = 1e6 / max(1, block.requests)
    return msgspec.structs.replace(
        block, service_us=usage.service * each, database_us=usage.database * each, others=usage.others
    )


def _run(port: int, requests: Path, connections: int, seconds: int) -> Block:
    command = [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", _TIMEOUT, "-s", str(_SCRIPT)]
    completed = subprocess.run(
        [*command, f"http://127.0.0.1:{port}", "--", str(requests)],
        capture_output=True,
        text=True,
        timeout=seconds + _GRACE_SECONDS,
        check=False,
    )
    found = _RESULT.search(completed.stdout)
    if completed.returncode != 0 or found is None:
        raise SystemExit(f"bench: wrk failed: {(completed.stderr or completed.stdout).strip()[-500:]}")
    return msgspec.json.decode(found[1], type=Block)
