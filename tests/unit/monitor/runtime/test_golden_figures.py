"""Operational figures of a golden run."""

from __future__ import annotations

from pathlib import Path

import pytest

from guards.declared import Prices
from guards.golden import GoldenResult
from monitor.errors import BadAdapter
from monitor.ports.golden_host import Usage
from monitor.ports.versions import ArtifactStore
from monitor.runtime.golden_figures import Figuring

V1 = "support@111111111111"


class OneFolder(ArtifactStore):
    """Has the files of one version."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take_in(self, *given: object, **facts: object) -> None:  # type: ignore[override]
        """Take nothing in."""

    def folder(self, name: str) -> Path:
        """Return the folder. Raises `BadAdapter` for any other version."""
        if name != V1:
            raise BadAdapter("gone")
        return self._folder


def result(latency_s: float, prompt: int | None = 100, output: int | None = 50) -> GoldenResult:
    """Return an answer that took so long and had so many tokens."""
    return GoldenResult(
        case_id=f"{latency_s}",
        output="yes",
        raw=1.0,
        grade=1.0,
        latency_s=latency_s,
        prompt_tokens=prompt,
        output_tokens=output,
    )


@pytest.fixture
def figuring(tmp_path: Path) -> Figuring:
    """Return figures with prices, over an adapter of 30 bytes."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_bytes(b"x" * 10)
    (tmp_path / "deep" / "b").write_bytes(b"x" * 20)
    return Figuring(
        prices={"support": Prices(prompt=0.5, output=2.0)}, artifacts=OneFolder(tmp_path)
    )


def test_each_version_has_its_own_figures(figuring: Figuring) -> None:
    """Latency, tokens a second, size, and what 1,000 answers cost: 100 · .5 + 50 · 2."""
    answers = {V1: [result(1.0), result(3.0)], None: [result(0.5), result(0.5)]}
    told = figuring.of("support", answers, Usage(device="cpu", host_bytes=7))
    assert (told["device"], told["peak_host_bytes"], told["peak_device_bytes"]) == ("cpu", 7, None)
    assert told["versions"][V1] == {
        "latency_p50_s": 2.0,
        "latency_p95_s": pytest.approx(2.9),
        "tokens_per_s": 25.0,
        "adapter_bytes": 30,
        "cost_per_thousand": 150.0,
    }
    assert told["versions"][""]["tokens_per_s"] == 100.0
    assert told["versions"][""]["adapter_bytes"] == 0


def test_what_nobody_tells_is_left_open(figuring: Figuring) -> None:
    """No tokens, no prices, no files, nothing written: no figure, and never a 0."""
    untold = figuring.of("support", {V1: [result(1.0, None, None)]}, Usage())["versions"][V1]
    assert (untold["tokens_per_s"], untold["cost_per_thousand"]) == (None, None)
    other = figuring.of("shop", {"shop@222222222222": [result(0.0)]}, Usage())
    (figures,) = other["versions"].values()
    assert set(figures.values()) == {None}
