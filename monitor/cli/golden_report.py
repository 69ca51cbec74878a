"""One golden run in a terminal: verdict, slices, and the cases that changed, worst first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitor.cli.output import say, show_table
from monitor.reports.names import number
from monitor.reports.plain_text import excerpt, inert

_MOST_CASES = 30
_WIDE = 160  # characters of a text in a cell

Case = Mapping[str, Any]


def show(report: Mapping[str, Any]) -> None:
    """Print a run as the API answers it; words of models are made inert."""
    run, cases = report["run"], report["cases"]
    summary = run["summary"]
    against = f" against {run['against'] or 'base model'}" if run["compared"] else ""
    verdict = (run["verdict"] or run["status"]).upper()
    say(inert(f"{run['deployment']}: {run['subject'] or 'base model'} {verdict}{against}"))
    say(inert(summary.get("sentence", "no figures yet")))
    for sentence in _notes(summary):
        say(inert(sentence))
    if summary.get("slices"):
        show_table("Slices", _SLICE_COLUMNS, _slices(summary["slices"]))
    if summary.get("operations"):
        show_table("Operation", _OPERATION_COLUMNS, _operation(summary["operations"]))
    changed = [case for case in cases if case["flip"] not in (None, "same") or case["is_refused"]]
    if changed:
        show_table("Cases that changed", _COLUMNS, map(_row, changed[:_MOST_CASES]))
    if len(changed) > _MOST_CASES:
        say(f"{len(changed) - _MOST_CASES} more cases changed: --json has them all")


_COLUMNS = ("case", "slice", "what", "grade", "before", "expected", "answer", "answer before")
_SLICE_COLUMNS = ("slice", "cases", "mean", "before", "e-value of harm", "verdict")


_OPERATION_COLUMNS = (
    "version",
    "latency p50 (s)",
    "latency p95 (s)",
    "tokens/s",
    "adapter (MB)",
    "cost of 1,000 answers",
)
_MB = 1_000_000


def _operation(told: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """Yield a row for each version, in the order of the run."""
    for name, each in told["versions"].items():
        size = each["adapter_bytes"]
        yield (
            inert(name) or "base model",
            number(each["latency_p50_s"]),
            number(each["latency_p95_s"]),
            number(each["tokens_per_s"]),
            None if size is None else number(size / _MB),
            number(each["cost_per_thousand"]),
        )


def _memory(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the run as a whole took, where that is known."""
    host, device = told["peak_host_bytes"], told["peak_device_bytes"]
    parts = [
        f"{number(size / _MB)} MB {where}"
        for size, where in ((host, "on the host"), (device, "on the device"))
        if size is not None
    ]
    if parts:
        yield f"most memory at once: {', '.join(parts)} ({told['device']})"
    if told["at_once_at_the_end"] < told["at_once"]:
        yield (
            f"memory ran out: {told['at_once_at_the_end']} answers at once instead of "
            f"{told['at_once']}"
        )


def _notes(summary: Mapping[str, Any]) -> Iterator[str]:
    found = summary.get("regressions")
    if found and found["right_before"]:
        yield (
            f"regression rate: {found['broken']} of {found['right_before']} right answers are wrong "
            f"now ({100 * found['rate']:.1f} %, 95 % interval {100 * found['low']:.1f} to "
            f"{100 * found['high']:.1f} %)"
        )
    if summary.get("critical_failures"):
        yield "critical cases failed: " + ", ".join(summary["critical_failures"])
    if summary.get("flaky"):
        yield "flaky cases, weighed down: " + ", ".join(summary["flaky"])
    yield from _memory(summary["operations"]) if summary.get("operations") else ()
    told = summary.get("wrong_answers")
    if told and told["learnt"]:
        yield f"wrong answers are told from right ones with an AUROC of {told['auroc']:.2f}"
    elif told:
        yield f"nothing was learnt of wrong answers: {told['reason']}"
    if told and told.get("learnt_beside"):
        yield f"and beside the other version's answers with {told['auroc_beside']:.2f}"


def _slices(slices: Mapping[str, Mapping[str, Any]]) -> Iterator[Sequence[Any]]:
    for name, each in sorted(slices.items()):
        yield (
            inert(name),
            each["cases"],
            number(each["subject"]),
            number(each["against"]),
            number(each.get("harm")),
            each.get("verdict", "–"),
        )


def _row(case: Case) -> Sequence[Any]:
    before = case["against"]
    what = ", ".join(filter(None, (case["flip"], case["is_refused"] and "critical failure")))
    return (
        inert(case["id"]),
        inert(case["slice"]),
        what,
        number(case["subject"]["grade"]),
        number(before["grade"]) if before else None,
        _cell(case["expected"]),
        _cell(case["subject"]["output"]),
        _cell(before["output"]) if before else None,
    )


def _cell(text: str) -> str:
    return excerpt(inert(text), _WIDE)
