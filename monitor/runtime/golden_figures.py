"""What answering a golden set took, per version: time, tokens, memory, size and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from guards.declared import Prices
from guards.golden import GoldenResult
from monitor.errors import BadAdapter
from monitor.ports.golden_host import Usage
from monitor.ports.versions import ArtifactStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Figuring:
    """What figures are reckoned with.

    Args:
        prices: deployment → what tokens cost, where that is declared.
        artifacts: where the versions' files are.
    """

    prices: Mapping[str, Prices]
    artifacts: ArtifactStore

    def of(
        self,
        deployment: str,
        answers: Mapping[str | None, Sequence[GoldenResult]],
        usage: Usage,
    ) -> dict[str, Any]:
        """Return the figures of a run as JSON. Blocks.

        Latencies are those of answers asked for together, so they compare versions with each other
        and not with live traffic. What nobody can tell is `null`.

        Args:
            answers: of each version (`None`: the base model), the version under test first.
        """
        prices = self.prices.get(deployment)
        return {
            "device": usage.device,
            "peak_host_bytes": usage.host_bytes,
            "peak_device_bytes": usage.device_bytes,
            "versions": {
                version or "": {
                    **_pace([each for each in results if each.latency_s > 0]),
                    "adapter_bytes": self._size(version),
                    "cost_per_thousand": _cost(results, prices),
                }
                for version, results in answers.items()
            },
        }

    def _size(self, version: str | None) -> int | None:
        """Return the bytes of a version's files; the base model needs none."""
        if version is None:
            return 0
        try:
            folder = self.artifacts.folder(version)
        except BadAdapter:
            return None
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _pace(written: Sequence[GoldenResult]) -> dict[str, float | None]:
    """Return seconds for an answer, and tokens a second of the time in which it was written."""
    spent = [each.latency_s for each in written]
    counts = [each.output_tokens for each in written]
    known = [count for count in counts if count is not None]
    p50, p95 = np.quantile(spent, (0.5, 0.95)).tolist() if spent else (None, None)
    rate = sum(known) / sum(spent) if known and len(known) == len(counts) else None
    return {"latency_p50_s": p50, "latency_p95_s": p95, "tokens_per_s": rate}


def _cost(results: Sequence[GoldenResult], prices: Prices | None) -> float | None:
    """Return what a thousand answers like these cost, in the operator's currency."""
    counted = [
        (each.prompt_tokens, each.output_tokens)
        for each in results
        if each.prompt_tokens is not None and each.output_tokens is not None
    ]
    if prices is None or not counted:
        return None
    costs = [prices.prompt * asked + prices.output * told for asked, told in counted]
    return float(np.mean(costs))  # prices are for 1,000 tokens, this is for 1,000 answers
