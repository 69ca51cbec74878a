"""Tests of `monitor.storage.embedded`: who gets in, and what it leaves alone."""

from __future__ import annotations

import pwd
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor.errors import ConfigError
from monitor.storage import binaries
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded
from monitor.storage.service_user import ServiceUser

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def _query(url: str, statement: str) -> object:
    engine = open_engine(url)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        value = result.scalar_one() if result.returns_rows else None
    engine.dispose()
    return value


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


def test_nothing_above_its_folder_changes(new_server: Embedded, home: Path) -> None:
    """Owners and modes of every folder above are what they were."""
    before = _modes(home)
    new_server.start()
    new_server.stop()
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
