"""The folder of an embedded server: who owns what in it, and what the server is told."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import ConfigError
from monitor.storage import service_user
from monitor.storage.service_user import ServiceUser

START_LOCK = "start.lock"
_LONGEST_SOCKET_FOLDER = 90  # bytes; the system allows 107 for the whole name of a socket
_DEFAULT_AS_ROOT = Path("/var/lib/backstop/postgres")

_HBA = "# Nobody else, and no network.\nlocal all backstop,backstop_service peer map=backstop\n"
_ROLES = ("backstop", "backstop_service")
_SETTINGS = """\
# Written at every start: changes made here are lost.
hba_file = {hba}
ident_file = {ident}
listen_addresses = ''
port = 5432
unix_socket_directories = {socket}
unix_socket_permissions = 0700
max_connections = 60
fsync = on
full_page_writes = on
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
log_min_messages = warning
# Prompts and answers must not get into the log with a failed statement.
log_min_error_statement = panic
log_error_verbosity = terse
jit = off
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFolder:
    """The folder of one server, ready to be used, and the user that the server runs as."""

    path: Path
    socket: Path
    user: ServiceUser

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.path / "cluster"

    @property
    def programs(self) -> Path:
        """Where PostgreSQL's programs are copied to if need be."""
        return self.path / "programs"

    @property
    def configuration(self) -> Path:
        """The server's settings."""
        return self.path / "postgresql.conf"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.path / "server.log"

    @property
    def users_lock(self) -> Path:
        """Shared by everybody who uses the server."""
        return self.path / "users.lock"

    def make_private(self, folder: Path) -> None:
        """Make a folder that only the server's user gets into; do nothing if it is there."""
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            _give(folder, self.user)

    def drop_temporary_socket(self) -> None:
        """Remove the socket's folder where it had to be outside."""
        if self.socket.parent != self.path:
            shutil.rmtree(self.socket, ignore_errors=True)


def claim(path: Path) -> ServiceUser:
    """Make the folder ours, and return the user that its server runs as.

    Raises `ConfigError` if it belongs to somebody else, holds other things, or lies where the
    server's user cannot get.
    """
    user = service_user.for_server()
    _make_own(path, user)
    closed = user.first_closed(path)
    if closed is not None:
        raise ConfigError(
            f"PostgreSQL runs as user {user.name!r}, who cannot enter {closed}: choose a data "
            f"directory elsewhere, such as {_DEFAULT_AS_ROOT.parent}; Backstop opens no folder"
        )
    return user


def prepare(path: Path, user: ServiceUser) -> ServerFolder:
    """Write a claimed folder's settings; the caller holds its start lock."""
    folder = ServerFolder(path=path, socket=_socket_folder(path, user), user=user)
    folder.make_private(folder.socket)
    _write_settings(folder)
    return folder


def _make_own(path: Path, user: ServiceUser) -> None:
    """Make the folder ours and closed to others; folders above are made, never changed."""
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir(mode=0o711, exist_ok=True)
    if not os.path.lexists(path):
        path.mkdir(mode=0o700, exist_ok=True)
    _refuse_strange(path)
    if os.geteuid() != user.uid:
        os.chown(path, 0, user.gid)
        path.chmod(0o750)
    else:
        path.chmod(0o700)
    (path / START_LOCK).touch(mode=0o600)


def _refuse_strange(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        raise ConfigError(f"{path} must be a folder, and no link to one: name another")
    if path.stat().st_uid != os.geteuid():
        raise ConfigError(f"{path} belongs to another user: name a folder of your own")
    if any(path.iterdir()) and not (path / START_LOCK).exists():
        raise ConfigError(f"{path} holds other files: the database needs a folder of its own")


def _socket_folder(path: Path, user: ServiceUser) -> Path:
    """Return the socket's folder: inside, or a private temporary one where the name is too long."""
    inside = path / "socket"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
        return inside
    note = path / "socket-folder"
    if note.exists():
        known = Path(note.read_text())
        if _is_private(known, user):
            return known
    made = Path(tempfile.mkdtemp(prefix="backstop-"))
    _give(made, user)
    note.write_text(str(made))
    return made


def _is_private(folder: Path, user: ServiceUser) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    found = folder.stat()
    return found.st_uid == user.uid and stat.S_IMODE(found.st_mode) == 0o700


def _write_settings(folder: ServerFolder) -> None:
    hba, ident = folder.path / "pg_hba.conf", folder.path / "pg_ident.conf"
    logins = sorted({folder.user.name, service_user.current().name})
    _write(folder, hba, _HBA)
    _write(
        folder, ident, "".join(f'backstop "{name}" {role}\n' for name in logins for role in _ROLES)
    )
    settings = _SETTINGS.format(
        hba=_quoted(hba), ident=_quoted(ident), socket=_quoted(folder.socket)
    )
    _write(folder, folder.configuration, settings)


def _write(folder: ServerFolder, path: Path, text: str) -> None:
    """Replace a file at once; the server may read it, and not change it."""
    if path.exists() and path.read_text() == text:
        return
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.chmod(0o640)
    if os.geteuid() != folder.user.uid:
        os.chown(draft, 0, folder.user.gid)
    draft.replace(path)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _give(folder: Path, user: ServiceUser) -> None:
    if os.geteuid() != user.uid:
        os.chown(folder, user.uid, user.gid)
