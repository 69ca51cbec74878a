"""Tests of live traffic."""

from __future__ import annotations

from itertools import islice

from monitor.demo import task, traffic


def test_the_seed_decides_the_traffic() -> None:
    """Equal seeds give equal requests, others do not."""
    first, again, other = (list(islice(traffic.requests(seed), 20)) for seed in (1, 1, 2))
    assert first == again != other


def test_traffic_is_new_to_the_model() -> None:
    """Requests are hardly ever messages of the golden or training sets."""
    known = {case.messages[0].content for case in task.golden_set()}
    known |= {example.message for example in task.good_examples(300)}
    sent = [request.message for request in islice(traffic.requests(1), 1_000)]
    assert sum(message in known for message in sent) < 10
