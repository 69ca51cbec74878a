"""Virtual environments of the peers' own, under `.cache`: made once, when they are first needed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"


def made(
    name: str, packages: Sequence[str], *, alone: Sequence[str] = (), lend: bool = False
) -> Path:
    """Return the folder of an environment that has the packages.

    Args:
        alone: packages that are installed without what they depend on.
        lend: whether the packages of this environment can be imported there too; torch alone would
            be gigabytes.

    Raises:
        subprocess.CalledProcessError: if a package cannot be installed here.
    """
    home = CACHE / name
    ready = (
        home / f".ready-{'-'.join(each.replace('/', '_') for each in (*packages, *alone))[:200]}"
    )
    if ready.exists():
        return home
    print(f"Installing {', '.join((*packages, *alone))} into {home} (once) ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-qq"]
    pip += ["--disable-pip-version-check", "--only-binary", ":all:"]
    if packages:
        subprocess.run([*pip, *packages], check=True, stdout=sys.stderr)
    if alone:
        subprocess.run([*pip, "--no-deps", *alone], check=True, stdout=sys.stderr)
    if lend:
        (packages_of(home) / "zz_lent.pth").write_text(_packages_here())
    ready.touch()
    return home


def packages_of(home: Path) -> Path:
    """Return the folder of an environment's packages."""
    return (
        home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    )


def _packages_here() -> str:
    """Return the folder of this environment's packages, by the way of torch's."""
    found = importlib.util.find_spec("torch")
    return "" if found is None or found.origin is None else f"{Path(found.origin).parents[1]}\n"
