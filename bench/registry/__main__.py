"""`python -m bench.registry`: how long each attack takes to be refused."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench import output
from bench.registry.attacks import ATTACKS
from bench.registry.refusals import Refusal, refused, swapped

_BAR_S = 1.0


def main() -> int:
    """Print the table; return 1 if an attack is taken in, or takes its time to be refused."""
    asked = output.arguments(__doc__ or "").parse_args()
    refusals = {attack.name: _tried(attack.name) for attack in ATTACKS}
    with tempfile.TemporaryDirectory() as folder:
        refusals["file swapped after its check"] = swapped(Path(folder))
    rows = [
        {
            "attack": name,
            "refused in ms": round(1000 * refusal.seconds, 1),
            "with the words": refusal.sentence[:110] or "TAKEN IN",
        }
        for name, refusal in refusals.items()
    ]
    good = [r for r in refusals.values() if r.sentence and r.seconds < _BAR_S]
    notes = [f"{len(good)} of {len(refusals)} refused in under {_BAR_S:g} s each"]
    output.show("Attacks on the registry", rows, notes, asked.json)
    return 0 if len(good) == len(refusals) else 1


def _tried(name: str) -> Refusal:
    (attack,) = (attack for attack in ATTACKS if attack.name == name)
    with tempfile.TemporaryDirectory() as folder:
        return refused(attack, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
