"""Golden sets: their cases as they are read, and what versions answered to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from guards import jsontext
from guards.golden_case import GoldenCase, GoldenSetError, case_of, rare_left_out, record_of

__all__ = [
    "GoldenCase",
    "GoldenResult",
    "GoldenSetError",
    "gathered",
    "lines",
    "parse_cases",
    "parse_object",
    "set_digest",
    "to_lines",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenResult:
    """What one version answered to one case. Grades in [0, 1]: as is, and after normalising.

    Args:
        standard_error: of `grade`, where it is a mean over repeats.
        prompt_tokens, output_tokens: how many; `None` where the engine does not tell.
        token_logprobs: natural log-probabilities of the answer's tokens, where they are told.
    """

    case_id: str
    output: str
    raw: float
    grade: float
    latency_s: float
    error: str | None = None
    standard_error: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    token_logprobs: tuple[float, ...] = ()


_MOST_PROBLEMS = 10


def parse_cases(text: str) -> tuple[GoldenCase, ...]:
    """Read golden cases from JSON Lines; blank lines are passed over.

    Each line has `id`, `prompt` (raw text) or `messages`, and `expect` or `expectation` (a text
    alone is expected exactly); the other fields of `GoldenCase` may be missing.

    Raises:
        GoldenSetError: if any line cannot be used; nothing is returned of a set in part.
    """
    return gathered((place, partial(_parse_case, line)) for place, line in lines(text))


def lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the lines that are not blank, each with its place for people."""
    # Not splitlines: it also splits at characters that may stand inside a JSON text.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            yield f"line {number}", line


def gathered(placed: Iterable[tuple[str, Callable[[], GoldenCase]]]) -> tuple[GoldenCase, ...]:
    """Return the cases that are read at each place, or say all that is wrong.

    Raises:
        GoldenSetError: if any cannot be read, two have one id, or there is none.
    """
    cases: dict[str, GoldenCase] = {}
    places: dict[str, str] = {}
    problems: list[str] = []
    for place, read in placed:
        try:
            case = read()
        except ValueError as error:
            problems.append(f"{place}: {error}")
            continue
        if case.id in cases:
            problems.append(
                f"{place}: the id {case.id!r} is that of {places[case.id]} too: "
                "give each case its own"
            )
        cases[case.id] = case
        places.setdefault(case.id, place)
    _refuse(problems, cases)
    return tuple(cases.values())


def to_lines(cases: Iterable[GoldenCase]) -> str:
    """Return cases as the JSON Lines that `parse_cases` reads."""
    return "".join(json.dumps(record_of(case), ensure_ascii=False) + "\n" for case in cases)


def set_digest(cases: Sequence[GoldenCase]) -> str:
    """Return the SHA-256 (hexadecimal) of the cases' canonical JSON, whatever their order."""
    ordered = sorted(cases, key=lambda case: case.id)
    described = [rare_left_out(asdict(case)) for case in ordered]
    return hashlib.sha256(
        jsontext.canonical(described).encode("utf-8", "surrogatepass")
    ).hexdigest()


def _refuse(problems: Sequence[str], cases: Mapping[str, GoldenCase]) -> None:
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        shown = "; ".join(problems[:_MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
        raise GoldenSetError(f"nothing was imported: {shown}")
    if not cases:
        raise GoldenSetError("there is no case in it: write one JSON object a line")


def _parse_case(line: str) -> GoldenCase:
    return case_of(parse_object(line))


def parse_object(line: str) -> dict[str, Any]:
    """Return the JSON object of a line. Raises `GoldenSetError`."""
    try:
        record = jsontext.parse(line)
    except ValueError as error:
        raise GoldenSetError(f"no JSON ({error}): write one JSON object a line") from error
    if not isinstance(record, dict):
        raise GoldenSetError("no JSON object: write one JSON object a line")
    return record
