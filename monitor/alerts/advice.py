"""What Backstop did about each kind of notice, and what is left for a person to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DONE = {
    "rollback": "put {to} back; the proof that it serves is still due",
    "proved": "put {to} back, quarantined {from}, and proved that {to} serves",
    "unproved": "put {to} back and quarantined {from}; the proof failed: {proof}",
    "freeze": "nothing: there is no good version to put back, so it stopped and asks you",
    "suspicion": "started an early golden run; callers notice nothing",
    "threshold": "nothing: this threshold only tells",
    "promotion": "sends callers to {to}",
    "golden": "ran the golden set as scheduled; it moved nothing",
    "report": "wrote the report to {report}",
    "receiver": "took {receiver} out of use",
    "no_answers": "goes on listening",
    "unwell": "goes on as far as it can",
    "resolved": "noticed its end",
    "test": "sent a test",
}
_LEFT = {
    "rollback": "wait for the proof; it comes in a message of its own if it fails",
    "proved": "find the cause; release the quarantined version only if it was innocent",
    "unproved": "look at the engine now: it may serve other weights",
    "freeze": "choose: promote or roll back by hand, or thaw the deployment",
    "suspicion": "nothing yet, unless you changed something: then say so to your team",
    "threshold": "look at the indicator, and at what changed",
    "golden": "look at the cases that changed: backstop golden show",
    "receiver": "correct the receiver, then: backstop alerts test {receiver}",
    "no_answers": "see whether callers are gone or cannot get through",
    "unwell": "look at the component",
    "test": "nothing",
}
_NOTHING_LEFT = "nothing"


def done(kind: str, names: Mapping[str, Any]) -> str:
    """Return what Backstop did; empty for a kind that nothing is done about."""
    return _DONE.get(kind, "").format_map(_Named(names))


def left(kind: str, names: Mapping[str, Any]) -> str:
    """Return what is left to do."""
    return _LEFT.get(kind, _NOTHING_LEFT).format_map(_Named(names))


class _Named(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "the version" if key in ("from", "to") else "it"
