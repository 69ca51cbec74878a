"""What earlier golden runs of one set tell about a run that is about to begin."""

from __future__ import annotations

from guards import flakiness
from guards.trial import History
from guards.verdicts import Verdict
from monitor.ports.golden import GoldenRun, GoldenStore

_LOOKED_AT = (
    400  # a year of nightly runs and more; what is older is forgotten, which costs no error
)


def read(store: GoldenStore, run: GoldenRun) -> History:
    """Return the weights of flaky cases, and what the same two versions have won so far. Blocks."""
    if not run.compared:
        return History()
    versions = (run.subject, run.against)
    spreads = store.spreads(run.deployment, run.set_digest, versions)
    return History(weights=flakiness.weights(spreads), harm=_harm_before(store, run))


def _harm_before(store: GoldenStore, run: GoldenRun) -> dict[str, list[float]]:
    """Return the sums after the newest run that compared the same two versions on the same set."""
    for earlier in store.runs(run.deployment, _LOOKED_AT):
        if _is_of(run, earlier) and "sums" in earlier.summary:
            return dict(earlier.summary["sums"])
    return {}


def _is_of(run: GoldenRun, earlier: GoldenRun) -> bool:
    return (
        earlier.id != run.id
        and earlier.compared
        and earlier.verdict not in (None, Verdict.ERROR)
        and (earlier.subject, earlier.against, earlier.set_digest)
        == (run.subject, run.against, run.set_digest)
    )
