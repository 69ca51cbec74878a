"""Result samples of the lm-evaluation-harness (`--log_samples`): samples_*.jsonl.

Source: lm_eval/result_schema.py of EleutherAI/lm-evaluation-harness. The prompt as it was sent, with
its stop strings, and the target are carried over; what a model once answered is not part of a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from guards import golden, jsontext
from guards.golden_case import GoldenCase, GoldenSetError, case_of
from guards.golden_formats.fields import Record

_NO_FILTER = (None, "none")
_GREEDY: Mapping[str, tuple[Any, ...]] = {"do_sample": (False,), "temperature": (0, 0.0, None)}


def cases(text: str) -> tuple[GoldenCase, ...]:
    """Return the cases of samples. Raises `GoldenSetError`."""
    return golden.gathered(_placed(text))


def _placed(text: str) -> Iterator[tuple[str, Callable[[], GoldenCase]]]:
    for place, line in golden.lines(text):
        yield place, partial(_case, line)


def _case(line: str) -> GoldenCase:
    sample = golden.parse_object(line)
    for name in ("doc_id", "arguments", "target"):
        if name not in sample:
            raise GoldenSetError(f"the field {name!r} is missing: is this a sample of lm-eval?")
    if sample.get("filter") not in _NO_FILTER:
        raise GoldenSetError(
            f"the field 'filter' is {sample['filter']!r}, and the rule by which it takes the answer "
            "out of the text is not in the file: import the samples of filter 'none', or write the "
            "expectation by hand"
        )
    requests = _requests(sample["arguments"])
    asked = _generation(sample, requests) if _writes(requests) else _likelihood(sample, requests)
    return case_of({"id": f"doc-{sample['doc_id']}", **asked})


def _requests(arguments: Any) -> list[list[Any]]:
    """Return each request's arguments, from either form that was ever written."""
    if isinstance(arguments, dict):
        arguments = list(arguments.values())
    if not isinstance(arguments, list) or not arguments:
        raise GoldenSetError("the field 'arguments' holds no request")
    requests = [list(each.values()) if isinstance(each, dict) else each for each in arguments]
    if not all(isinstance(each, list) and len(each) == 2 for each in requests):
        raise GoldenSetError("the field 'arguments' must hold a context and one thing more")
    return requests


def _writes(requests: Sequence[Sequence[Any]]) -> bool:
    return isinstance(requests[0][1], dict)


def _generation(sample: Mapping[str, Any], requests: Sequence[Sequence[Any]]) -> Record:
    _require_metric(sample, {"exact_match"}, "generated")
    if len(requests) > 1:
        raise GoldenSetError("the field 'arguments' asks for several answers to one document")
    target = sample["target"]
    if isinstance(target, int | float) and not isinstance(target, bool):
        target = str(target)
    if not isinstance(target, str):
        raise GoldenSetError("the field 'target' must be a text where an answer is generated")
    context, settings = requests[0]
    expectation = {"kind": "exact", "value": target, "strict": True}
    return {**_asked(context), **_settings(settings), "expectation": expectation}


def _settings(settings: Mapping[str, Any]) -> Record:
    """Return stop strings and length; sampling cannot be carried over, for runs are greedy."""
    carried: Record = {}
    for name, value in settings.items():
        if name == "until":
            carried["stop"] = [value] if isinstance(value, str) else value
        elif name in ("max_gen_toks", "max_tokens", "max_new_tokens"):
            carried["max_tokens"] = value
        elif value not in _GREEDY.get(name, ()):
            raise GoldenSetError(
                f"the field 'arguments' sets {name} to {value!r}, which cannot be carried over: "
                "golden runs are greedy"
            )
    return carried


def _likelihood(sample: Mapping[str, Any], requests: Sequence[Sequence[Any]]) -> Record:
    contexts, continuations = zip(*requests, strict=True)
    if any(context != contexts[0] for context in contexts):
        raise GoldenSetError(
            "the field 'arguments' has choices with different contexts, which cannot be carried over"
        )
    if len(continuations) == 1:
        _require_metric(sample, {"perplexity"}, "scored")
        expectation = {"kind": "reference_logprob", "value": continuations[0]}
        return {**_asked(contexts[0]), "expectation": expectation}
    _require_metric(sample, {"acc", "acc_norm"}, "chosen")
    right = _right(sample["target"], continuations)
    expectation = {"kind": "multiple_choice", "values": list(continuations), "value": right}
    return {**_asked(contexts[0]), "expectation": expectation}


def _right(target: Any, continuations: Sequence[str]) -> str:
    """Return the right continuation: the target is its place, or its text."""
    place = int(target) if isinstance(target, str) and target.isdecimal() else target
    if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(continuations):
        return continuations[place]
    found = [each for each in continuations if each.strip() == str(target).strip()]
    if len(found) == 1:
        return found[0]
    raise GoldenSetError(f"the field 'target' ({target!r}) names none of the choices")


def _asked(context: Any) -> Record:
    """Return the prompt; one made with a chat template for an API is a list of messages in JSON."""
    told = context[0] if isinstance(context, list) and len(context) == 1 else context
    if not isinstance(told, str):
        raise GoldenSetError("the field 'arguments' must hold a text as context")
    if told.startswith('[{"role"'):
        try:
            turns = jsontext.parse(told)
        except ValueError:
            return {"prompt": told}
        return {
            "messages": [{name: turn[name] for name in turn if name != "type"} for turn in turns]
        }
    return {"prompt": told}


def _require_metric(sample: Mapping[str, Any], known: set[str], how: str) -> None:
    """Refuse metrics that would grade otherwise than the expectation; old samples name none."""
    metrics = sample.get("metrics")
    if metrics is None:
        metrics = [
            name for name in ("exact_match", "acc", "acc_norm", "perplexity") if name in sample
        ]
    if not known & set(metrics):
        raise GoldenSetError(
            f"the field 'metrics' ({', '.join(metrics) or 'none'}) cannot be carried over for an "
            f"answer that is {how}: known are {', '.join(sorted(known))}"
        )
