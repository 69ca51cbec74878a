"""Tests of `monitor.storage.embedded`: what it starts, and what survives."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from monitor.errors import ConfigError, DatabaseUnavailable
from monitor.storage import postmaster
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PROJECT = Path(__file__).parents[3]
STARTER = """
import sys
from pathlib import Path
from monitor.storage.embedded import Embedded
print(Embedded(Path(sys.argv[1])).start(), flush=True)
sys.stdin.read()
"""


def _query(url: str, statement: str) -> object:
    engine = open_engine(url)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        value = result.scalar_one() if result.returns_rows else None
    engine.dispose()
    return value


def _pid(home: Path) -> int | None:
    return postmaster.running(home / "postgres" / "cluster")


def test_it_starts_a_safe_postgres_18(new_server: Embedded) -> None:
    """Checksums and fsync are on, and there is no network."""
    url = new_server.start()
    assert str(_query(url, "SHOW server_version")).startswith("18.")
    for name, value in (("fsync", "on"), ("data_checksums", "on"), ("listen_addresses", "")):
        assert _query(url, f"SHOW {name}") == value


def test_rows_outlive_a_stop(server: Embedded, home: Path) -> None:
    """What was committed is there after the next start."""
    _query(server.start(), "CREATE TABLE kept AS SELECT 7 AS n")
    server.stop()
    assert _pid(home) is None
    assert _query(server.start(), "SELECT n FROM kept") == 7


def test_a_long_path_moves_the_socket(home: Path, prepared: Path) -> None:
    """The socket's folder is private where it has to be a temporary one, and goes at the end."""
    deep = home / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    subprocess.run(["cp", "-a", prepared, deep / "postgres"], check=True)
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


def test_an_initialisation_that_was_cut_off_begins_anew(new_server: Embedded, home: Path) -> None:
    """What an earlier initdb left unfinished is thrown away."""
    own = home / "postgres"
    (own / "cluster.unfinished" / "base").mkdir(parents=True)
    (own / "start.lock").touch()
    assert _query(new_server.start(), "SELECT 1") == 1
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
