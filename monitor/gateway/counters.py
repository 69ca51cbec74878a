"""What the gateway counts for `/metrics`."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from guards.exchange import FinishReason
from monitor.gateway.draft import Draft

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Waiting(Protocol):
    """Where answers wait for the scorer."""

    @property
    def depth(self) -> int:
        """How many wait."""

    @property
    def dropped(self) -> int:
        """How many found no room."""


class Counters:
    """Counts answers and refusals; deployments are known names, so that labels stay few."""

    def __init__(self, registry: CollectorRegistry, waiting: Waiting) -> None:
        self._answers = Counter(
            "backstop_answers",
            "Answers that ended, by how they ended.",
            ["deployment", "adapter", "finish_reason"],
            registry=registry,
        )
        self._tokens = Counter(
            "backstop_output_tokens",
            "Tokens written.",
            ["deployment", "adapter"],
            registry=registry,
        )
        self._refusals = Counter(
            "backstop_refusals",
            "Requests refused or failed, by status.",
            ["status"],
            registry=registry,
        )
        self._first_token = Histogram(
            "backstop_time_to_first_token_seconds",
            "From the request to its first token.",
            ["deployment"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._latency = Histogram(
            "backstop_answer_seconds",
            "From the request to the end of the answer.",
            ["deployment"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "backstop_requests_in_flight", "Requests being answered or waiting.", registry=registry
        )
        depth = Gauge(
            "backstop_exchanges_waiting", "Answers that wait to be recorded.", registry=registry
        )
        depth.set_function(lambda: waiting.depth)
        dropped = Gauge(
            "backstop_exchanges_dropped",
            "Answers that were served and not recorded: too many waited.",
            registry=registry,
        )
        dropped.set_function(lambda: waiting.dropped)

    def answered(self, draft: Draft) -> None:
        """Count an answer that ended."""
        deployment, adapter = draft.route.deployment, draft.version or "base"
        reason = draft.finish_reason or FinishReason.ERROR
        self._answers.labels(deployment, adapter, reason.value).inc()
        self._tokens.labels(deployment, adapter).inc(len(draft.tokens))
        if draft.first_token_s is not None:
            self._first_token.labels(deployment).observe(draft.first_token_s)
        if draft.latency_s is not None:
            self._latency.labels(deployment).observe(draft.latency_s)

    def refused(self, status: int) -> None:
        """Count a request that ended with an error status."""
        self._refusals.labels(str(status)).inc()
