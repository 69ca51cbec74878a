"""`docs/signals.md` says what the catalogue says."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from guards.signals import catalogue
from guards.signals.signal import PairSignal, Signal
from tests.unit.guards.samples import exchange

PAGE = (Path(__file__).parents[4] / "docs" / "signals.md").read_text()


def documented() -> dict[str, tuple[str, list[str]]]:
    """Return signal → its family's heading and the other cells of its row."""
    found: dict[str, tuple[str, list[str]]] = {}
    family = ""
    for line in PAGE.splitlines():
        if line.startswith("### "):
            family = line.removeprefix("### ").lower()
        if line.startswith("| `"):
            name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            found[name.strip("`")] = (family, cells)
    return found


def bound(value: float) -> str:
    """Return a bound as the page writes it."""
    return f"{value:g}" if math.isfinite(value) else ("∞" if value > 0 else "−∞")


def test_every_signal_has_a_row_and_every_row_a_signal() -> None:
    """In the catalogue's order."""
    signals = (*catalogue.CATALOGUE, *catalogue.PAIRS)
    assert list(documented()) == [signal.name for signal in signals]


@pytest.mark.parametrize(
    "signal", [*catalogue.CATALOGUE, *catalogue.PAIRS], ids=lambda signal: signal.name
)
def test_a_row_says_what_the_signal_is(signal: Signal | PairSignal) -> None:
    """Family, unit, range, meaning, tail, and whether drift looks at it."""
    family, cells = documented()[signal.name]
    is_channel = isinstance(signal, Signal) and signal.is_channel
    assert family == signal.family.value
    assert cells == [
        signal.unit,
        f"{bound(signal.low)} … {bound(signal.high)}",
        signal.meaning,
        signal.tail.value,
        "yes" if is_channel else "",
    ]


def test_the_example_is_a_signal_that_works() -> None:
    """As it stands on the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module: dict[str, Any] = {}
    exec(code, module)
    table = catalogue.table([exchange("Hey!!")], [module["SHOUTS"]])
    assert table.mappings()[0] == {"shouts": 2.0}
