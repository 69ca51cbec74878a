"""False alarms where nothing changes: `python -m bench.guarantee [--json] [--seeds N] [--jobs N]`.

Every model of `alpaca_eval` against itself (300 answers as reference, 505 as stream), customers'
utterances as if they were answers (300 and 1,500), and grades and faults drawn at the rates that a
sound version has. P(alarm within n answers) is promised to be at most n / line. Seasons break what
the promise rests on, exchangeability: day and night take turns in the stream, while the reference
holds both. They are printed to show what breaks, and prove nothing about the promise.

Results are kept under `.cache/bench`: a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from bench import output
from bench.detection import data, figures, kept, ours, sound
from bench.detection.figures import NEVER
from bench.detection.kept import Kept
from bench.detection.sound import TRAFFIC, Graded, Stream

_SEASONAL_MODELS = ("gpt-3.5-turbo-0613", "Mistral-7B-Instruct-v0.2", "vicuna-7b-v1.5")
_HARM = "harm: grades, pairs, faults"
_DETECTION = (
    "guards",
    "bench/detection/sound.py",
    "bench/detection/ours.py",
    "bench/detection/traffic.py",
)
_JUDGING = (
    "guards/betting.py",
    "guards/edetector.py",
    "guards/graded.py",
    "rollback/judge.py",
    "bench/detection/sound.py",
)


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--graded", type=int, default=1_000, help="streams of grades and faults")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args()
    measured = partial(kept.measured, jobs=options.jobs)
    streams = list(_streams(options.seeds))
    found = measured(Kept("guarantee", _DETECTION), sound.judged, streams, label="streams")
    graded = [Graded(seed=seed) for seed in range(options.graded)]
    store = Kept("guarantee-harm", _JUDGING)
    harm = measured(store, sound.judged_harm, graded, label="graded streams")
    rows: list[Mapping[str, Any]] = []
    for kind in dict.fromkeys(each.kind for each in streams):
        own = [(each, told) for each, told in zip(streams, found, strict=True) if each.kind == kind]
        rows += [
            _row(kind, own[0][0].length, subject, [told[subject] for _, told in own])
            for subject in own[0][1]
        ]
    rows.append(_row("drawn at the tolerated rates", graded[0].length, _HARM, harm))
    output.show("False alarms where nothing changes", rows, _NOTES, options.json)


def _streams(seeds: int) -> Iterator[Stream]:
    for seed in range(seeds):
        for model in sorted(data.outputs()):
            yield Stream(corpus="alpaca_eval", model=model, seed=seed)
    for corpus in TRAFFIC:
        yield from (Stream(corpus=corpus, seed=seed) for seed in range(seeds))
    for seed in range(seeds):
        for model in _SEASONAL_MODELS:
            yield Stream(corpus="alpaca_eval", model=model, seed=seed, seasonal=True)
    yield from (Stream(corpus="clinc150", seed=seed, seasonal=True) for seed in range(seeds))


def _row(
    kind: str, length: int, subject: str, told: Sequence[Mapping[str, float]]
) -> Mapping[str, Any]:
    row: dict[str, Any] = {"stream": f"{kind} ({length} answers)", "subject": subject}
    for line in ours.LINES[1:]:
        hits = sum(each[f"{line:.0f}"] < NEVER for each in told)
        promised = min(length / line, 1.0)
        row[f"line {line:,.0f}"] = (
            f"{hits} of {len(told)} (≤ {figures.upper_limit(hits, len(told)):.1%}; {promised:.1%})"
        )
    return row


_NOTES = (
    "",
    "Streams with an alarm; in brackets the exact upper 95 % limit of their share, and what is",
    "promised. The usual rule and 'never alarm' have no line and promise nothing.",
    "Day and night: nothing is promised there.",
)


if __name__ == "__main__":
    main()
