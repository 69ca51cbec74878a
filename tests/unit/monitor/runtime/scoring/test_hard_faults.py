"""Tests of `monitor.runtime.scoring.hard_faults`."""

from __future__ import annotations

from dataclasses import replace

from monitor.ports.record import Observed
from monitor.runtime.scoring.assessor import Findings
from monitor.runtime.scoring.hard_faults import HardFaults
from monitor.runtime.scoring.yardstick import without_pointers
from rollback.observation import Observation
from rollback.policy import Policy
from tests.handed import NAME, START, VERSION, exchange

_POLICY = Policy(line=1_000.0)


def _found(*faults: bool, epoch: int = 1) -> Findings:
    """Return what was found about a batch of live answers."""
    answers = [exchange(number, epoch=epoch) for number in range(len(faults))]
    observed = [
        Observed(
            deployment=NAME,
            adapter=VERSION,
            epoch=epoch,
            own_reference=False,
            observation=Observation(exchange_id=each.id, at=START, fault=fault),
        )
        for each, fault in zip(answers, faults, strict=True)
    ]
    against = without_pointers(exchange(epoch=epoch))
    return Findings(scored=(), observed=observed, striking=faults, live=[(against, answers)])


def test_faults_in_a_row_are_harm() -> None:
    """It is named with version, epoch and counts."""
    hard = HardFaults({NAME: _POLICY})
    hard.note(_found(*[True] * 12))
    (harm,) = hard.shown()
    assert (harm.deployment, harm.adapter, harm.epoch) == (NAME, VERSION, 1)
    assert (harm.answers, harm.faults) == (12, 12)
    assert harm.evidence >= _POLICY.line


def test_tolerated_faults_are_none() -> None:
    """One in forty is below the rate that the policy tolerates."""
    hard = HardFaults({NAME: _POLICY})
    for _ in range(20):
        hard.note(_found(True, *[False] * 39))
    assert hard.shown() == ()


def test_a_new_epoch_begins_anew() -> None:
    """Harm of the version before is no harm of the one that came; late answers change nothing."""
    hard = HardFaults({NAME: _POLICY})
    hard.note(_found(*[True] * 12))
    hard.note(_found(False, epoch=2))
    assert hard.shown() == ()
    hard.note(_found(*[True] * 12, epoch=1))
    assert hard.shown() == ()


def test_a_policy_that_gives_faults_no_weight_sees_none() -> None:
    """Weights are the policy's own."""
    weightless = replace(_POLICY, weights={"faults": 0.0, "golden": 0.5, "pairs": 0.5})
    hard = HardFaults({NAME: weightless})
    hard.note(_found(*[True] * 50))
    assert hard.shown() == ()
