"""Lists examples whose label is probably wrong: a model that never saw them disagrees surely."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from monitor.adaptation.examples import TrainingExample

_FOLDS = 5
_WHOLE = ""  # the field's name where a completion is a label itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An example that says `given` where its likes say `expected`.

    Args:
        place: in the file, counted from 1 without blank lines.
        field: of a JSON completion; empty where the completion is a label.
        probability: of the expected value, cross-validated.
        threshold: mean probability of that value where it is given.
    """

    place: int
    field: str
    given: str
    expected: str
    probability: float
    threshold: float


def find(examples: Sequence[TrainingExample], seed: int = 1) -> list[Suspect]:
    """Return suspects, the surest first.

    An example is suspect if, cross-validated, another value is at least as probable as it is on
    average where it is given: confident learning (Northcutt et al., 2021). Values with fewer than
    five examples are left out, and so are completions that are no labels.
    """
    found = [
        suspect
        for field, values in _labels(examples).items()
        for suspect in _of_field(examples, field, values, seed)
    ]
    return sorted(found, key=lambda suspect: suspect.threshold - suspect.probability)


def _labels(examples: Sequence[TrainingExample]) -> Mapping[str, list[str | None]]:
    """Return each field's value in each example; `None` where it has none."""
    parsed = [_fields(example.completion) for example in examples]
    names = dict.fromkeys(name for fields in parsed for name in fields)
    return {name: [fields.get(name) for fields in parsed] for name in names}


def _fields(completion: str) -> Mapping[str, str]:
    try:
        value = json.loads(completion)
    except ValueError:
        return {_WHOLE: completion}
    if not isinstance(value, dict):
        return {_WHOLE: completion}
    return {name: json.dumps(item, ensure_ascii=False) for name, item in value.items()}


def _of_field(
    examples: Sequence[TrainingExample], field: str, values: Sequence[str | None], seed: int
) -> Iterator[Suspect]:
    often = {value for value, count in Counter(values).items() if value and count >= _FOLDS}
    places = [place for place, value in enumerate(values) if value in often]
    if len(often) < 2:
        return
    classes = sorted(often)
    given = np.array([classes.index(str(values[place])) for place in places])
    told = _predicted([examples[place].prompt for place in places], given, seed)
    usual = np.array([told[given == label, label].mean() for label in range(len(classes))])
    surer = np.where(told >= usual, told, 0.0)
    for row, best in enumerate(surer.argmax(axis=1)):
        if surer[row, best] > 0 and best != given[row]:
            yield Suspect(
                place=places[row] + 1,
                field=field,
                given=classes[given[row]],
                expected=classes[best],
                probability=round(float(told[row, best]), 4),
                threshold=round(float(usual[best]), 4),
            )


def _predicted(texts: Sequence[str], labels: np.ndarray, seed: int) -> np.ndarray:
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=500),
    )
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    told: np.ndarray = cross_val_predict(model, texts, labels, cv=folds, method="predict_proba")
    return told
