"""Tests of `monitor.storage.embedded`: who gets in, and what survives."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from monitor.errors import ConfigError, DatabaseUnavailable
from monitor.storage import binaries, postmaster
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded
from monitor.storage.service_user import ServiceUser

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PROJECT = Path(__file__).parents[3]
STARTER = """
import sys
from pathlib import Path
from monitor.storage.embedded import Embedded
print(Embedded(Path(sys.argv[1])).start(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that others may pass through, as /var/lib is."""
    folder = Path(tempfile.mkdtemp(prefix="bs-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(home: Path) -> Iterator[Embedded]:
    """A server in its own folder, stopped at the end if it runs."""
    embedded = Embedded(home / "postgres")
    yield embedded
    embedded.stop()


def _query(url: str, statement: str) -> object:
    engine = open_engine(url)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        value = result.scalar_one() if result.returns_rows else None
    engine.dispose()
    return value


def _pid(home: Path) -> int | None:
    return postmaster.running(home / "postgres" / "cluster")


def _modes(folder: Path) -> dict[Path, tuple[int, int, int]]:
    steps = (folder, *folder.parents)
    found = {step: step.stat() for step in steps}
    return {step: (info.st_uid, info.st_gid, info.st_mode) for step, info in found.items()}


def _nobody(copies: Path) -> tuple[ServiceUser, Path]:
    """Return another local user, and PostgreSQL's programs where this user can run them."""
    entry = pwd.getpwnam("nobody")
    user = ServiceUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
    return user, binaries.usable_by(user, copies)


def _psql(user: ServiceUser, programs: Path, *options: str) -> str:
    with tempfile.TemporaryFile() as output:
        command = [programs / "psql", "-d", "backstop", "-c", "SELECT 1", *options]
        done = user.run(command, folder=Path("/"), output=output)
        output.seek(0)
        said = output.read().decode()
    assert done.returncode != 0, said
    return said


def test_it_starts_a_safe_postgres_18(server: Embedded) -> None:
    """Checksums and fsync are on, and there is no network."""
    url = server.start()
    assert str(_query(url, "SHOW server_version")).startswith("18.")
    for name, value in (("fsync", "on"), ("data_checksums", "on"), ("listen_addresses", "")):
        assert _query(url, f"SHOW {name}") == value


def test_rows_outlive_a_stop(server: Embedded, home: Path) -> None:
    """What was committed is there after the next start."""
    _query(server.start(), "CREATE TABLE kept AS SELECT 7 AS n")
    server.stop()
    assert _pid(home) is None
    assert _query(server.start(), "SELECT n FROM kept") == 7


def test_nothing_above_its_folder_changes(server: Embedded, home: Path) -> None:
    """Owners and modes of every folder above are what they were."""
    before = _modes(home)
    server.start()
    server.stop()
    assert _modes(home) == before


def test_its_folders_are_closed_to_others(server: Embedded, home: Path) -> None:
    """Others have no right on anything that the server has."""
    server.start()
    own = home / "postgres"
    for path in (own, own / "cluster", own / "socket", own / "pg_hba.conf"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0


@pytest.mark.usefixtures("as_root")
def test_as_root_the_server_cannot_change_who_gets_in(server: Embedded, home: Path) -> None:
    """The server runs as a system user, and the rules about logins belong to root."""
    url = server.start()
    own = home / "postgres"
    assert (own / "cluster").stat().st_uid == pwd.getpwnam("backstop").pw_uid
    for name in (".", "pg_hba.conf", "pg_ident.conf", "postgresql.conf"):
        info = (own / name).stat()
        assert info.st_uid == 0
        assert info.st_mode & 0o022 == 0
    assert _query(url, "SELECT current_user") == "backstop"


@pytest.mark.usefixtures("as_root")
def test_another_user_can_neither_read_nor_connect(server: Embedded, home: Path) -> None:
    """The folder is closed: neither its files nor its socket can be reached."""
    server.start()
    own = home / "postgres"
    nobody, programs = _nobody(home / "programs")
    assert nobody.can_enter(home)
    assert not nobody.can_enter(own)
    assert not nobody.can_enter(own / "cluster")
    assert "Permission denied" in _psql(nobody, programs, "-h", str(own / "socket"))


@pytest.mark.usefixtures("as_root")
def test_another_user_fails_even_with_the_socket_open(server: Embedded, home: Path) -> None:
    """Peer authentication refuses who reaches the socket, under whatever name."""
    server.start()
    own = home / "postgres"
    nobody, programs = _nobody(home / "programs")
    for path in (own, own / "socket", own / "socket" / ".s.PGSQL.5432"):
        path.chmod(0o777)
    host = ("-h", str(own / "socket"))
    assert "Peer authentication failed" in _psql(nobody, programs, *host, "-U", "backstop")
    assert "no pg_hba.conf entry" in _psql(nobody, programs, *host, "-U", "nobody")


@pytest.mark.usefixtures("as_root")
def test_as_root_a_closed_folder_above_is_named(home: Path) -> None:
    """A data directory under a private home is refused with the way out, and nothing is opened."""
    private = home / "root"
    private.mkdir(mode=0o700)
    with pytest.raises(ConfigError, match=f"cannot enter {private}: choose"):
        Embedded(private / "data" / "postgres").start()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@pytest.mark.usefixtures("as_root")
def test_programs_out_of_reach_are_copied(home: Path) -> None:
    """Where the wheel lies under a private home, the server's user gets its own copy."""
    user = ServiceUser(name="nobody", uid=65534, gid=65534)
    copied = home / "programs"
    binaries.copy(copied)
    command = [copied / binaries.INSTALLATION / "bin" / "initdb", "--version"]
    assert user.run(command, folder=Path("/"), output=subprocess.DEVNULL).returncode == 0


def test_a_long_path_moves_the_socket(home: Path) -> None:
    """The socket's folder is private where it has to be a temporary one, and goes at the end."""
    deep = home / ("d" * 60) / ("e" * 60)
    server = Embedded(deep / "postgres")
    assert _query(server.start(), "SELECT 1") == 1
    socket = Path((deep / "postgres" / "socket-folder").read_text())
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    server.stop()
    assert not socket.exists()
    assert _query(server.start(), "SELECT 1") == 1
    server.stop()


def test_a_path_with_odd_characters_works(home: Path) -> None:
    """Blanks, quotes and percent signs are no trouble."""
    server = Embedded(home / 'o\'dd %d "x" $HOME')
    assert _query(server.start(), "SELECT 1") == 1
    server.stop()


def test_a_killed_service_leaves_a_server_to_adopt(server: Embedded, home: Path) -> None:
    """The next start goes on with the running server, and its stop ends it."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home / "postgres")],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stdout is not None
        assert service.stdout.readline().startswith("postgresql")
        left = _pid(home)
        service.kill()
    assert left is not None
    assert _query(server.start(), "SELECT 1") == 1
    assert _pid(home) == left
    server.stop()
    assert _pid(home) is None


def test_the_last_user_stops_the_server(server: Embedded, home: Path) -> None:
    """While another one uses it, stopping only leaves."""
    other = Embedded(home / "postgres")
    assert server.start() == other.start()
    server.stop()
    assert _pid(home) is not None
    other.stop()
    assert _pid(home) is None


def test_starts_at_one_time_make_one_server(home: Path) -> None:
    """Four processes that start at once share one server."""
    services = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(home / "postgres")],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    urls = {service.stdout.readline() for service in services if service.stdout}
    for service in services:
        service.kill()
        service.communicate()
    assert len(urls) == 1
    last = Embedded(home / "postgres")
    assert _query(last.start(), "SELECT 1") == 1
    last.stop()
    assert _pid(home) is None


def test_a_crashed_server_recovers(server: Embedded, home: Path) -> None:
    """After kill -9 of the server itself, its stale pid file is no obstacle and no row is lost."""
    _query(server.start(), "CREATE TABLE kept AS SELECT 7 AS n")
    pid = _pid(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert _query(server.start(), "SELECT n FROM kept") == 7


def test_a_pid_file_of_another_process_is_stale(server: Embedded, home: Path) -> None:
    """A number that now belongs to another process does not keep the server down."""
    server.start()
    server.stop()
    pid_file = home / "postgres" / "cluster" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n/elsewhere\n1\n5432\n\n\n\n\n")
    assert _query(server.start(), "SELECT 1") == 1


def test_an_initialisation_that_was_cut_off_begins_anew(server: Embedded, home: Path) -> None:
    """What an earlier initdb left unfinished is thrown away."""
    server.start()
    server.stop()
    own = home / "postgres"
    (own / "cluster").rename(own / "cluster.unfinished")
    assert _query(server.start(), "SELECT 1") == 1
    assert not (own / "cluster.unfinished").exists()


def test_a_broken_cluster_is_one_clear_sentence(server: Embedded, home: Path) -> None:
    """What the server says about its damage is in the error."""
    server.start()
    server.stop()
    (home / "postgres" / "cluster" / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseUnavailable, match="pg_control"):
        server.start()


def test_a_cluster_of_another_version_is_refused(server: Embedded, home: Path) -> None:
    """The refusal names both versions and the way out."""
    server.start()
    server.stop()
    (home / "postgres" / "cluster" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ConfigError, match="of PostgreSQL 16, this is 18: dump it"):
        server.start()


def test_a_folder_with_other_files_is_refused(home: Path) -> None:
    """A folder that somebody uses for other things is not taken over."""
    (home / "letters.txt").write_text("mine")
    before = _modes(home)
    with pytest.raises(ConfigError, match="holds other files"):
        Embedded(home).start()
    assert _modes(home) == before


def test_a_file_in_the_way_is_refused(home: Path) -> None:
    """A path that is no folder is named."""
    (home / "postgres").write_text("")
    with pytest.raises(ConfigError, match="must be a folder"):
        Embedded(home / "postgres").start()


def test_a_read_only_place_is_one_clear_sentence(home: Path) -> None:
    """A folder that cannot be made is named with the system's reason."""
    with pytest.raises(DatabaseUnavailable, match="/proc/backstop"):
        Embedded(Path("/proc/backstop/postgres")).start()


def test_stopping_twice_does_nothing(server: Embedded) -> None:
    """Nor does stopping what never started."""
    server.stop()
    server.start()
    server.stop()
    server.stop()


def test_a_failed_start_leaves_no_user_behind(server: Embedded, home: Path) -> None:
    """After a start that failed, the next one is the only user again."""
    server.start()
    server.stop()
    control = home / "postgres" / "cluster" / "global" / "pg_control"
    kept = control.read_bytes()
    control.unlink()
    with pytest.raises(DatabaseUnavailable):
        server.start()
    control.write_bytes(kept)
    shutil.chown(control, control.parent.stat().st_uid, control.parent.stat().st_gid)
    other = Embedded(home / "postgres")
    other.start()
    other.stop()
    assert _pid(home) is None


def test_the_url_works_with_psycopg_alone(server: Embedded) -> None:
    """The URL says all that a client needs."""
    plain = server.start().replace("+psycopg", "")
    with psycopg.connect(plain) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
