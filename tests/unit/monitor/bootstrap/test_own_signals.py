"""The operator's own signals, from real distributions on the path."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from guards import channels
from guards.signals import catalogue
from monitor.bootstrap import own_signals
from monitor.cli.main import app
from monitor.errors import ConfigError
from tests.unit.guards.samples import exchange

HEAD = """
from guards.signals.signal import Signal, Tail, column

def signal(name, compute, low=0, high=10):
    return Signal(name=name, unit="", low=low, high=high, meaning=name, tail=Tail.UPPER, compute=compute)
"""
SHOUTS = """
SHOUTS = signal("shouts", lambda exchanges: column(each.output.count("!") for each in exchanges))
"""
Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a distribution with one module and one entry point on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def put(code: str, points_at: str) -> None:
        module = points_at.partition(":")[0]
        (tmp_path / f"{module}.py").write_text(HEAD + code)
        folder = tmp_path / f"{module}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[backstop.signals]\nmine = {points_at}\n")

    yield put
    catalogue.install(())
    for name in set(sys.modules) - before:
        if name.startswith("acme"):
            del sys.modules[name]


def test_an_installed_signal_is_computed_like_any_other(install: Install) -> None:
    """It stands in the table and is a channel of drift."""
    install(SHOUTS, "acme_one:SHOUTS")
    own_signals.install()
    table = catalogue.table([exchange("Hey!!"), exchange("Hey.")])
    assert table.column("shouts").tolist() == [2.0, 0.0]
    assert channels.signal_scores(table)["shouts_high"].tolist() == [2.0, 0.0]
    assert "shouts_high" in channels.by_name()


def test_an_entry_point_may_give_several(install: Install) -> None:
    """Any iterable of them."""
    install(SHOUTS + 'ALL = [SHOUTS, signal("nil", lambda x: [0.0] * len(x))]', "acme_two:ALL")
    assert [each.signal.name for each in own_signals.load()] == ["nil", "shouts"]
    assert {each.origin for each in own_signals.load()} == {"acme_two"}


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("SHOUTS = 7", "'int' object is not iterable"),
        ("SHOUTS = ['x']", "gives str: it must be a guards.signals.signal.Signal"),
        ("raise RuntimeError('no licence')", "cannot be used: RuntimeError: no licence"),
        ("OTHER = 1", "cannot be used: AttributeError"),
        ("SHOUTS = signal('words', len)", "and Backstop has one of that name already"),
        ("SHOUTS = signal('a b', len)", "'a b' is no name"),
        ("SHOUTS = signal('x', len, low=2, high=1)", "its ends the wrong way round"),
        ("SHOUTS = signal('x', None)", "needs a Tail and a function"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    install: Install, code: str, complaint: str
) -> None:
    """The sentence says which distribution it is of."""
    install(code, "acme_bad:SHOUTS")
    with pytest.raises(ConfigError, match="acme_bad") as refused:
        own_signals.load()
    assert complaint in str(refused.value)


def test_two_distributions_must_not_bring_one_name(install: Install) -> None:
    """Records are keyed by it."""
    install(SHOUTS, "acme_one:SHOUTS")
    install(SHOUTS, "acme_other:SHOUTS")
    with pytest.raises(ConfigError, match="rename it") as refused:
        own_signals.load()
    assert "acme_one" in str(refused.value)
    assert "acme_other" in str(refused.value)


def test_a_failing_signal_costs_no_answer_and_is_told_once(install: Install) -> None:
    """Its values are left out and counted; the others stay."""
    install('SHOUTS = signal("shouts", lambda exchanges: 1 / 0)', "acme_three:SHOUTS")
    failures = own_signals.install()
    with capture_logs() as logs:
        tables = [catalogue.table([exchange("a"), exchange("b")]) for _ in range(2)]
    assert all(np.isnan(table.column("shouts")).all() for table in tables)
    assert tables[0].column("characters").tolist() == [1.0, 1.0]
    assert failures.count("shouts") == 4
    assert [(entry["signal"], entry["why"]) for entry in logs] == [
        ("shouts", "ZeroDivisionError: division by zero")
    ]


def test_own_signals_are_listed_with_where_they_come_from(install: Install) -> None:
    """As JSON for machines, beside the catalogue."""
    install(SHOUTS, "acme_four:SHOUTS")
    shown = CliRunner().invoke(app, ["signals", "--json"])
    rows = {row["name"]: row for row in json.loads(shown.stdout)}
    assert (rows["shouts"]["family"], rows["shouts"]["from"]) == ("own", "acme_four")
    assert rows["shouts"]["channel"]
    assert rows["words"]["high"] is None
    assert (rows["word_distance"]["of"], rows["cost"]["channel"]) == ("pair", False)


def test_the_list_for_people_has_a_table_for_each_family(install: Install) -> None:
    """Own signals are the last."""
    install(SHOUTS, "acme_five:SHOUTS")
    shown = CliRunner().invoke(app, ["signals"]).stdout
    assert all(signal.name in shown for signal in (*catalogue.CATALOGUE, *catalogue.PAIRS))
    assert shown.index("operations") < shown.index("\nown ") < shown.index("acme_five")
