"""Indicators in `/metrics`, and what is shipped for Prometheus and Grafana."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from monitor.bootstrap import own_memory
from monitor.bootstrap.scoring import Scoring
from monitor.gateway.relay.counters import RelayCounters
from monitor.gateway.relay.metrics import RelayCollector
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from monitor.storage.database import open_engine
from monitor.storage.stores import open_stores
from monitor.web.indicator_metrics import IndicatorCollector
from monitor.web.metrics import DeploymentCollector
from rollback.incident import Phase
from rollback.indicators.catalogue import CATALOGUE, Source
from tests.integration.conftest import NoArtifacts
from tests.integration.storage.builders import (
    NOW,
    SECOND,
    V1,
    V2,
    add_verified,
    point,
    promotion,
    record,
    rollback,
    scored,
    version,
)

pytestmark = pytest.mark.integration

MINUTE = timedelta(minutes=1)
DEPLOY = Path(__file__).parents[3] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "backstop.json"
RULES = DEPLOY / "prometheus" / "rules.yml"
_NAME = re.compile(r"\bbackstop_[a-z0-9_]+")


@pytest.fixture
def told(stores: Stores) -> Stores:
    """A deployment of which everything in the catalogue is known."""
    for name, label in ((V1, "v1"), (V2, "v2")):
        add_verified(stores, version(name, label))
    stores.deployments.ensure("support")
    stores.deployments.flip(promotion(V1, None, 0))
    stores.deployments.flip(promotion(V2, V1, 1))
    stores.deployments.flip(rollback(2))
    for phase in (Phase.CONVERGED, Phase.PROVED):
        stores.incidents.advance("incident-1", phase, at=NOW + 3 * SECOND, exposure=14)
    stores.golden.save_run(_run(), {})
    whole = replace(
        scored(1, grade=1.0), signals={"logprob_mean": -1.0, "wrong_answer": 0.1, "cost": 0.5}
    )
    record(stores, whole, scored(2, tags={"slice": "de"}))
    stores.evidence.save([point(1, epoch=3)], [], {})
    stores.indicators.roll_up(NOW + MINUTE)
    return stores


def _run() -> GoldenRun:
    return GoldenRun(
        id="run",
        deployment="support",
        subject=V1,
        against=V2,
        compared=True,
        cause="demand",
        set_digest="d",
        started_at=NOW,
        finished_at=NOW,
        summary={"subject_mean": 0.9, "regressions": {"rate": 0.125}},
    )


def _families(*collectors: object) -> dict[str, Metric]:
    registry = CollectorRegistry()
    for each in collectors:
        registry.register(each)
    return {f.name: f for f in text_string_to_metric_families(generate_latest(registry).decode())}


def _of_indicators(stores: Stores) -> dict[str, Metric]:
    return _families(IndicatorCollector(stores, lambda: NOW + MINUTE))


def test_every_indicator_of_a_deployment_is_exported_under_its_name(told: Stores) -> None:
    """With its unit and meaning, but for those that stand there already."""
    found = _of_indicators(told)
    elsewhere = (Source.JUDGE, Source.PROCESSES)
    wanted = {f"backstop_{d.name}" for d in CATALOGUE.values() if d.source not in elsewhere}
    assert set(found) == wanted
    assert all(
        found[f"backstop_{name}"].documentation.startswith(CATALOGUE[name].meaning)
        for name in ("fault_rate", "golden_mean")
    )


def test_the_values_are_those_of_the_last_minutes(told: Stores) -> None:
    """Of all answers without a slice's label, and of each slice with it."""
    samples = {
        (each.labels["adapter"], each.labels["slice"]): each.value
        for each in _of_indicators(told)["backstop_exchanges"].samples
    }
    assert samples == {(V1, ""): 2.0, (V1, "(none)"): 1.0, (V1, "de"): 1.0}
    (golden,) = _of_indicators(told)["backstop_golden_regression_rate"].samples
    assert (golden.labels["adapter"], golden.value) == (V1, 0.125)
    (exposure,) = _of_indicators(told)["backstop_exposure"].samples
    assert (exposure.labels["adapter"], exposure.value) == (V2, 14)


def test_older_answers_are_not_told(told: Stores) -> None:
    """A quiet deployment has no rate, and not its last one for ever."""
    later = _families(IndicatorCollector(told, lambda: NOW + 10 * MINUTE))
    assert "backstop_fault_rate" not in later
    assert "backstop_golden_mean" in later


def test_nothing_is_told_while_the_stores_are_away(tmp_path: Path) -> None:
    """Old numbers would look like a healthy service."""
    engine = open_engine(f"postgresql://nobody@/none?host={tmp_path}")  # where no server listens
    assert _of_indicators(open_stores(engine, NoArtifacts())) == {}


def test_the_judge_s_levels_are_exported_by_its_own_collector(told: Stores) -> None:
    """They have the catalogue's names too."""
    found = _families(DeploymentCollector(told))
    wanted = {f"backstop_{d.name}" for d in CATALOGUE.values() if d.source is Source.JUDGE}
    assert wanted <= set(found)


@pytest.mark.parametrize("path", [DASHBOARD, RULES], ids=["dashboard", "rules"])
def test_what_is_shipped_names_only_metrics_that_exist(told: Stores, path: Path) -> None:
    """A panel or an alert on a name that nobody exports would be silent for ever."""
    named = {name for text in _expressions(path) for name in _NAME.findall(text)}
    assert len(named) > 5
    assert named <= _all_names(told)


def test_the_rules_pass_promtool_s_tests() -> None:
    """They parse, and fire when they should and not before."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    for command in (["check", "rules", RULES.name], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run(
            [promtool, *command], cwd=RULES.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_metrics_pass_promtool_s_check(told: Stores) -> None:
    """What is exported is what Prometheus reads."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    registry = CollectorRegistry()
    registry.register(IndicatorCollector(told, lambda: NOW + MINUTE))
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
        check=False,
    )
    assert b"error while linting" not in done.stderr, done.stderr.decode()


def test_the_dashboard_s_panels_have_room_and_numbers_of_their_own() -> None:
    """No two lie upon each other, and each asks for something."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] for panel in panels)
    taken = Counter(place for panel in panels for place in _places(panel["gridPos"]))
    assert max(taken.values()) == 1
    assert max(x for x, _ in taken) < 24


def _places(grid: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(grid["x"], grid["x"] + grid["w"]):
        for y in range(grid["y"], grid["y"] + grid["h"]):
            yield x, y


def _expressions(path: Path) -> list[str]:
    if path.suffix == ".yml":
        groups = yaml.safe_load(path.read_text())["groups"]
        return [rule["expr"] for group in groups for rule in group["rules"]]
    shown = json.loads(path.read_text())
    asked = [target["expr"] for panel in shown["panels"] for target in panel["targets"]]
    variables = [
        each["query"]["query"] for each in shown["templating"]["list"] if each["type"] == "query"
    ]
    return [*asked, *variables, *(each["expr"] for each in shown["annotations"]["list"])]


def _all_names(stores: Stores) -> set[str]:
    """Return the names of every sample that a service in front of a model server exports."""
    registry = CollectorRegistry()
    own_memory.register(registry)
    guards = SimpleNamespace(counts={("support", "secrets", "block", "block"): 1})
    scoring = SimpleNamespace(
        recorder=SimpleNamespace(recorded=0, spooled=0, gone=0),
        scorer=SimpleNamespace(lost=0, unreadable=0),
        observing=SimpleNamespace(counts=guards),
        failures=SimpleNamespace(names=()),
        embeddings=None,
    )
    Scoring.register(scoring, registry)
    waiting = {"backstop_exchanges_waiting": 0.0}
    for each in (
        RelayCollector(RelayCounters(), cut=int, dropped=int, gauges=lambda: waiting),
        DeploymentCollector(stores),
        IndicatorCollector(stores, lambda: NOW + MINUTE),
    ):
        registry.register(each)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {sample.name for family in families for sample in family.samples}
