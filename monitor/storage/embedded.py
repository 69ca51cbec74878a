"""A real PostgreSQL in a folder of ours, that only this user gets into.

The server listens on a Unix socket alone. Its folder is closed to other users, the socket's
folder too, and whoever reached the socket all the same would fail peer authentication. Nothing
outside the folder changes its owner or mode.

    folder/                 root:backstop 0750 (0700 where the service is an ordinary user)
      cluster/  socket/     0700, the server's
      postgresql.conf …     ours: the server cannot change who may log in
      programs/             PostgreSQL's programs, where the wheel is out of the server's reach
      start.lock            held while somebody starts or stops the server
      users.lock            shared by whoever uses the server: the last one stops it
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from monitor.errors import ConfigError, DatabaseUnavailable
from monitor.storage import binaries, postmaster, server_folder
from monitor.storage.roles import SERVICE
from monitor.storage.server_folder import ServerFolder

DATABASE = OWNER = "backstop"
PORT = 5432  # part of the socket's name only
_START_LIMIT_S = 60.0
_POLL_S = 0.05
_INITDB = (
    f"--username={OWNER}",
    "--auth=reject",  # our own pg_hba.conf takes its place
    "--data-checksums",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # sorts the same on every machine, for ever
    "--builtin-locale=C.UTF-8",
)


class Embedded:
    """One embedded server. `start` and `stop` may be called by many processes at a time."""

    def __init__(self, path: Path) -> None:
        """Take the folder that is the server's alone; it is made on the first start."""
        self._path = path.absolute()
        self._membership: int | None = None

    def start(self) -> str:
        """Start the server, or adopt the one that runs there; return SQLAlchemy's URL.

        The URL is the owner's, who makes the tables; `for_service` returns the service's own.

        Raises `ConfigError` where the folder or the machine cannot be used, and
        `DatabaseUnavailable` where the server does not come up.
        """
        with self._alone() as folder:
            self._join(folder)
            try:
                if not answers(folder):
                    _bring_up(folder)
                _ensure_database(folder)
            except BaseException:
                self._leave()
                raise
        return _url(folder)

    def stop(self) -> None:
        """Leave the server; shut it down fast if nobody else uses it. Does nothing twice."""
        if self._membership is None:
            return
        with self._alone() as folder:
            if _is_last(self._membership):
                _shut_down(folder)
            self._leave()

    @contextmanager
    def _alone(self) -> Iterator[ServerFolder]:
        """Keep every other process from starting or stopping the server."""
        try:
            user = server_folder.claim(self._path)
            with _locked(self._path / server_folder.START_LOCK):
                yield server_folder.prepare(self._path, user)
        except OSError as error:
            raise DatabaseUnavailable(
                f"the embedded database in {self._path} cannot start or stop: {error}"
            ) from error

    def _join(self, folder: ServerFolder) -> None:
        """Hold the users' lock until `stop`, or until the system ends this process."""
        if self._membership is None:
            self._membership = _open_lock(folder.users_lock)
            fcntl.flock(self._membership, fcntl.LOCK_SH)

    def _leave(self) -> None:
        if self._membership is not None:
            os.close(self._membership)
            self._membership = None


def for_service(url: str) -> str:
    """Return the URL of the role that can do what the service does, and cannot change the audit log."""
    return make_url(url).set(username=SERVICE).render_as_string(hide_password=False)


def for_owner(url: str) -> str:
    """Return the URL of the role that makes the tables."""
    return make_url(url).set(username=OWNER).render_as_string(hide_password=False)


def answers(folder: ServerFolder) -> bool:
    """Tell whether the server of this folder answers."""
    try:
        with _connect(folder) as connection:
            shown = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return shown is not None and Path(shown[0]) == folder.cluster.resolve()


def _bring_up(folder: ServerFolder) -> None:
    pid = postmaster.running(folder.cluster)
    if pid is not None:
        _wait_for(folder, pid)
        return
    programs = binaries.usable_by(folder.user, folder.programs)
    if not folder.cluster.exists():
        _initialise(folder, programs)
    _refuse_other_version(folder)
    postmaster.disown(folder.cluster, folder.socket)
    options = f"-c config_file={folder.configuration.name}"
    start = (programs / "pg_ctl", "start", "-D", folder.cluster.name, "-o", options)
    _run(folder, *start, "-w", "-t", f"{_START_LIMIT_S:.0f}")


def _wait_for(folder: ServerFolder, pid: int) -> None:
    """Wait for a server that runs already: it may be recovering from a crash."""
    deadline = time.monotonic() + _START_LIMIT_S
    while not answers(folder):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"the PostgreSQL of {folder.cluster} (process {pid}) runs but does not answer: "
                f"see {folder.log}, or end that process and start again"
            )
        time.sleep(_POLL_S)


def _initialise(folder: ServerFolder, programs: Path) -> None:
    """Make the cluster, all or nothing: one that was cut off is thrown away."""
    unfinished = folder.cluster.with_name("cluster.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    folder.make_private(unfinished)
    _run(folder, programs / "initdb", "-D", unfinished.name, *_INITDB)
    unfinished.rename(folder.cluster)


def _refuse_other_version(folder: ServerFolder) -> None:
    marker = folder.cluster / "PG_VERSION"
    if not marker.is_file():
        raise ConfigError(
            f"{folder.cluster} is no PostgreSQL cluster ({marker.name} is missing): "
            "restore it from a backup, or move it away to begin anew"
        )
    version = marker.read_text().strip()
    if version != binaries.MAJOR:
        raise ConfigError(
            f"{folder.cluster} is of PostgreSQL {version}, this is {binaries.MAJOR}: "
            "dump it with the old Backstop and load it into a new data directory"
        )


def _shut_down(folder: ServerFolder) -> None:
    if postmaster.running(folder.cluster) is not None:
        programs = binaries.usable_by(folder.user, folder.programs)
        _run(folder, programs / "pg_ctl", "stop", "-m", "fast", "-w", "-D", folder.cluster.name)
    folder.drop_temporary_socket()


def _run(folder: ServerFolder, *command: str | Path) -> None:
    """Run one of PostgreSQL's programs; what it and its server say goes into the log.

    It runs in the folder and gets names relative to it: pg_ctl hands them to a shell, which
    would take some characters of a path for its own.
    """
    with folder.log.open("ab") as log:
        before = log.tell()
        done = folder.user.run(command, folder=folder.path, output=log)
    if done.returncode != 0:
        said = folder.log.read_bytes()[before:].decode(errors="replace")
        raise DatabaseUnavailable(
            f"the embedded database in {folder.path} cannot start or stop: "
            f"{postmaster.reason(said)} (log: {folder.log})"
        )


def _connect(folder: ServerFolder, database: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(
        host=str(folder.socket), port=PORT, user=OWNER, dbname=database, connect_timeout=5,
        autocommit=True,
    )  # fmt: skip


def _ensure_database(folder: ServerFolder) -> None:
    try:
        with _connect(folder) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            _ensure_service(connection)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"the embedded database in {folder.path} does not answer: {error}"
        ) from error


def _ensure_service(connection: psycopg.Connection) -> None:
    """Make the role that the service logs in as; `roles.grant` says what it may do."""
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (SERVICE,))
    if known.fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(SERVICE)))
        connection.execute("SELECT pg_reload_conf()")  # a server of an older Backstop goes on


def _url(folder: ServerFolder) -> str:
    host = quote(str(folder.socket), safe="")
    return f"postgresql+psycopg://{OWNER}@/{DATABASE}?host={host}&port={PORT}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = _open_lock(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_last(membership: int) -> bool:
    try:
        fcntl.flock(membership, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
