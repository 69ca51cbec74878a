"""The gateway's metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from guards.exchange import FinishReason
from monitor.gateway.counters import Counters
from monitor.ports.engine import Piece, Token
from monitor.runtime.handover_queue import HandoverQueue
from tests.unit.monitor.gateway.test_draft import draft


def test_answers_are_counted_by_deployment_adapter_and_end() -> None:
    """An answer adds one to its counter, its tokens to theirs, and its times to histograms."""
    registry = CollectorRegistry()
    counters = Counters(registry, HandoverQueue(1))
    written = draft()
    token = Token(id=1, text="a", logprob=-1.0)
    written.add(Piece(text="a", tokens=(token,), finish_reason=FinishReason.STOP), 10.2)
    counters.answered(written)
    labels = {"deployment": "support", "adapter": "support@1"}
    ended = {**labels, "finish_reason": "stop"}
    assert registry.get_sample_value("backstop_answers_total", ended) == 1
    assert registry.get_sample_value("backstop_output_tokens_total", labels) == 1
    count = registry.get_sample_value("backstop_answer_seconds_count", {"deployment": "support"})
    assert count == 1


def test_refusals_are_counted_by_status() -> None:
    """Each status has its own count."""
    registry = CollectorRegistry()
    counters = Counters(registry, HandoverQueue(1))
    counters.refused(429)
    assert registry.get_sample_value("backstop_refusals_total", {"status": "429"}) == 1
