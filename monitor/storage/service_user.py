"""The operating system's user that the embedded PostgreSQL runs as.

PostgreSQL refuses to run as root. Where this process is root, a system user without a home
and without a login takes its place; otherwise it is the user of this process.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from monitor.errors import ConfigError

SYSTEM_USER = "backstop"
_ATTEMPTS = 20  # another process may hold the lock on /etc/passwd for a moment
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUser:
    """A user of the operating system; `name` is what peer authentication sees."""

    name: str
    uid: int
    gid: int

    def run(
        self, command: Sequence[str | Path], *, folder: Path, output: IO[bytes] | int
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command as this user in `folder`, with a bare environment, and wait for it.

        Raises `OSError` where the command cannot be run by this user.
        """
        changes = os.geteuid() != self.uid
        return subprocess.run(
            command,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            user=self.uid if changes else None,
            group=self.gid if changes else None,
            extra_groups=[] if changes else None,
            umask=0o077,
        )

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this user may go into a folder."""
        command = ("/bin/sh", "-c", 'cd "$1"', "sh", folder)
        return self.run(command, folder=Path("/"), output=subprocess.DEVNULL).returncode == 0

    def first_closed(self, folder: Path) -> Path | None:
        """Return the outermost folder on the way to `folder` that this user cannot enter."""
        if self.can_enter(folder):
            return None
        way = (*reversed(folder.parents), folder)
        return next(step for step in way if not self.can_enter(step))


def current() -> ServiceUser:
    """Return the user of this process. Raises `ConfigError` if it has no name."""
    try:
        return _of(pwd.getpwuid(os.geteuid()))
    except KeyError:
        raise ConfigError(
            f"user id {os.geteuid()} has no name on this machine, which PostgreSQL needs: "
            "add it to /etc/passwd, or set database to the URL of your own server"
        ) from None


def for_server() -> ServiceUser:
    """Return the user that the server runs as; make the system user once where that is root.

    Raises `ConfigError` if there is no such user and none can be made.
    """
    return _system_user() if os.geteuid() == 0 else current()


def _system_user() -> ServiceUser:
    for _ in range(_ATTEMPTS):
        try:
            return _of(pwd.getpwnam(SYSTEM_USER))
        except KeyError:
            problem = _add_system_user()
        if problem:
            time.sleep(_PAUSE_S)
    raise ConfigError(
        f"PostgreSQL refuses to run as root, and the system user {SYSTEM_USER!r} cannot be made "
        f"({problem}): make it, run Backstop as an ordinary user, or set database to a URL"
    )


def _add_system_user() -> str:
    """Make the system user; return what went wrong, or an empty string."""
    useradd = shutil.which("useradd")
    if useradd is None:
        return "there is no useradd"
    options = ("--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin")
    made = subprocess.run(
        [useradd, *options, SYSTEM_USER], capture_output=True, text=True, check=False
    )
    return made.stderr.strip()


def _of(entry: pwd.struct_passwd) -> ServiceUser:
    if entry.pw_name == SYSTEM_USER and entry.pw_uid == 0:
        raise ConfigError(f"the user {SYSTEM_USER!r} is root under another name: rename it")
    return ServiceUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
