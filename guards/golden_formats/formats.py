"""Which formats golden sets are read in, and telling them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from guards import golden
from guards.golden_case import GoldenCase, GoldenSetError
from guards.golden_formats import lm_eval, openai_evals, promptfoo

AUTO = "auto"

_READERS: Mapping[str, Callable[[str], tuple[GoldenCase, ...]]] = {
    "backstop": golden.parse_cases,
    "lm-eval": lm_eval.cases,
    "promptfoo": promptfoo.cases,
    "openai-evals": partial(openai_evals.cases, expect=openai_evals.match),
    "openai-evals-includes": partial(openai_evals.cases, expect=openai_evals.includes),
}
FORMATS = (AUTO, *_READERS)


def read(text: str, name: str = AUTO) -> tuple[GoldenCase, ...]:
    """Read a golden set in a format, or in the one that its beginning shows.

    Raises:
        GoldenSetError: if any case cannot be carried over without loss, naming line and field;
            nothing is returned of a set in part.
    """
    if name not in FORMATS:
        raise GoldenSetError(f"{name!r} is no format: use one of {', '.join(FORMATS)}")
    return _READERS[recognized(text) if name == AUTO else name](text)


def recognized(text: str) -> str:
    """Return the format that a text seems to be in; Backstop's own where nothing speaks for another."""
    place = next(golden.lines(text), None)
    try:
        first = golden.parse_object(place[1]) if place else {}
    except GoldenSetError:
        return "promptfoo" if "tests:" in text or '"tests"' in text else "backstop"
    if "arguments" in first and "doc" in first:
        return "lm-eval"
    if "input" in first and "ideal" in first:
        return "openai-evals"
    return "promptfoo" if "tests" in first else "backstop"
