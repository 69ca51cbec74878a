"""What docs/registry.md says of states is what the code does."""

import re
from pathlib import Path

from rollback.versions import TRANSITIONS, VersionState

_DOC = (Path(__file__).parents[3] / "docs" / "registry.md").read_text()
_STATES = _DOC.partition("| state | means | may become |")[2].partition("\n## ")[0]


def test_the_documented_transitions_are_the_codes() -> None:
    """Every state has a row, with every move."""
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| ([\w, ]+) \|$", _STATES, re.MULTILINE)
    told = {state: {to.strip() for to in moves.split(",")} for state, moves in rows}
    assert told == {s.value: {to.value for to in moves} for s, moves in TRANSITIONS.items()}
    assert list(told) == [state.value for state in VersionState]
