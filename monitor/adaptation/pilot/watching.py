"""How Backstop would watch the risks of a pilot, by a replay of the pilot's own answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from guards.exchange import Exchange, FinishReason
from guards.exchange_log import Logged
from guards.golden_case import GoldenCase
from monitor.adaptation.pilot.plan import BARE
from monitor.errors import BadRequest
from monitor.runtime.replay.course import ALARMS, Event
from monitor.runtime.replay.replay import Replay
from rollback.policy import Policy

STREAM = 400  # answers that are replayed
_BATCH = 64
_START = datetime(2000, 1, 1, tzinfo=UTC)
_POLICY = "default"

Cell = Mapping[str, Any]


def watched(
    cases: Sequence[GoldenCase], cells: Sequence[Cell], good: tuple[str, int], policy: Policy
) -> list[dict[str, Any]]:
    """Return each risk with what finds it first, after how many answers.

    The reference is what the recommended arm answered, over its seeds; the stream are answers of
    what would stand in its place: the base model (an adapter that does nothing), and the same
    method from the fewest examples. Each is replayed without grades and with them. The golden
    cases are asked again and again, which live traffic is not.

    Args:
        good: arm and size that are recommended.
    """
    usual = _answers(cases, [c for c in cells if (c["arm"], c["size"]) == good], graded=True)
    told = []
    for risk, bad in _risks(cells, good).items():
        for graded in (False, True):
            told.append(_watched(risk, usual, _answers(cases, bad, graded=graded), graded, policy))
    return told


def _risks(cells: Sequence[Cell], good: tuple[str, int]) -> Mapping[str, Sequence[Cell]]:
    whole = [cell for cell in cells if "failed" not in cell]
    risks = {"no-effect": [cell for cell in whole if cell["arm"] == BARE]}
    fewest = min(cell["size"] for cell in whole if cell["arm"] == good[0])
    if fewest < good[1]:
        risks["too-few"] = [c for c in whole if (c["arm"], c["size"]) == (good[0], fewest)]
    return risks


def _watched(
    risk: str,
    usual: Sequence[Exchange],
    bad: Sequence[Exchange],
    graded: bool,
    policy: Policy,
) -> dict[str, Any]:
    told: dict[str, Any] = {"risk": risk, "graded": graded, "answers": STREAM}
    try:
        played = Replay({_POLICY: policy}, usual, name="the pilot's answers")
    except BadRequest as error:
        return told | {"unknown": str(error)}
    order = Random(1).choices(bad, k=STREAM)
    lines = [
        (at, Logged(exchange=each, names_adapter=True)) for at, each in enumerate(_timed(order))
    ]
    events: list[Event] = []
    for start in range(0, STREAM, _BATCH):
        if not played.is_over:
            events += [event for _, event in played.follow(lines[start : start + _BATCH])]
    alarms = [event for event in events if event.kind in ALARMS]
    ends = [event for event in alarms if event.kind != "suspect"]
    return told | {
        "guard": alarms[0].channel if alarms else None,
        "delay": alarms[0].index + 1 if alarms else None,
        "ends_by": ends[0].channel if ends else None,
        "exposure": ends[0].index + 1 if ends else None,
        "suspicion_line": policy.suspicion_line,
        "line": policy.line,
    }


def _timed(order: Sequence[Exchange]) -> list[Exchange]:
    return [
        replace(each, id=f"pilot-{at}", started_at=_START + timedelta(seconds=at))
        for at, each in enumerate(order)
    ]


def _answers(cases: Sequence[GoldenCase], cells: Sequence[Cell], *, graded: bool) -> list[Exchange]:
    return [
        Exchange(
            id=f"{cell['arm']}-{cell['seed']}-{case.id}",
            deployment="pilot",
            started_at=_START,
            messages=case.messages,
            output=answer["text"],
            output_tokens=len(answer["logprobs"]),
            token_logprobs=tuple(answer["logprobs"]),
            finish_reason=FinishReason.LENGTH if answer["is_cut"] else FinishReason.STOP,
            grade=grade if graded else None,
        )
        for cell in cells
        for case, answer, grade in zip(cases, cell["answers"], cell["grades"], strict=True)
    ]
