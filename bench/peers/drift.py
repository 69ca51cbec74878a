"""River and alibi-detect, each in a virtual environment of its own under `.cache`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGES = {"river": "river==0.26.1", "alibi": "alibi-detect==0.13.0"}
_CACHE = Path(__file__).parents[2] / ".cache"
_SCRIPTS = Path(__file__).parent / "detectors"


def installed(peer: str) -> Path | None:
    """Return the peer's interpreter; `None`, and told why, where it cannot be installed.

    alibi-detect's own torch would be gigabytes: it is lent this environment's.
    """
    home = _CACHE / peer
    python, ready = home / "bin" / "python", home / f".ready-{PACKAGES[peer]}"
    if ready.exists():
        return python
    print(f"Installing {PACKAGES[peer]} into {home} (a minute, once) ...", file=sys.stderr)
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run(
            [*pip, "--only-binary", ":all:", PACKAGES[peer]], check=True, stdout=sys.stderr
        )
    except subprocess.CalledProcessError as error:
        print(f"{peer} is left out: {error}", file=sys.stderr)
        return None
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    lent = home / "lib" / version / "site-packages" / "zz_lent.pth"
    lent.write_text(_packages_here())
    ready.touch()
    return python


def lines(peer: str, python: Path, files: Sequence[Path]) -> Iterator[str]:
    """Yield a line for each file as the peer's script prints it."""
    command = [str(python), str(_SCRIPTS / f"with_{peer}.py"), *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield from process.stdout
    if process.returncode:
        print(f"{peer} ended with status {process.returncode}", file=sys.stderr)


def _packages_here() -> str:
    """Return the folder of this environment's packages, by the way of torch's."""
    found = importlib.util.find_spec("torch")
    return "" if found is None or found.origin is None else f"{Path(found.origin).parents[1]}\n"
