"""Refuses examples that nothing good can be made from, one sentence each."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.adaptation import similar
from monitor.adaptation.examples import TrainingExample
from monitor.errors import BadRequest

FEWEST = 5  # examples
_SHOWN = 40  # characters of a prompt in a message


def require_enough(examples: Sequence[TrainingExample], fewest: int = FEWEST) -> None:
    """Raise `BadRequest` for fewer examples than anything can be learnt from."""
    if len(examples) < fewest:
        raise BadRequest(f"{len(examples)} training examples are too few; give at least {fewest}")


def require_labels(examples: Sequence[TrainingExample]) -> list[str]:
    """Return the labels in order. Raises `BadRequest` if there is only one."""
    labels = sorted({example.completion for example in examples})
    if len(labels) < 2:
        raise BadRequest(f"every example has the label {labels[0]!r}; give examples of another")
    return labels


def require_apart(examples: Sequence[TrainingExample], golden: Sequence[str]) -> None:
    """Raise `BadRequest` if a golden prompt is among the examples, exactly or nearly.

    What an adapter was trained on says nothing about what it learnt.
    """
    texts = [*(example.prompt for example in examples), *golden]
    leaked = {
        later: earlier
        for earlier, later in similar.pairs(texts)
        if earlier < len(examples) <= later
    }
    if leaked:
        later, earlier = next(iter(leaked.items()))
        raise BadRequest(
            f"{len(leaked)} of {len(golden)} golden cases are among the training examples, first "
            f"{texts[later][:_SHOWN]!r} (example {earlier + 1}); take them out of one of the two"
        )
