"""How many optimizer steps a recipe takes."""

from __future__ import annotations

import pytest

from monitor.adaptation.recipe import Recipe


@pytest.mark.parametrize(
    ("recipe", "examples", "steps"),
    [
        (Recipe(), 27, 600),
        (Recipe(), 800, 1_200),
        (Recipe(epochs=3), 27, 12),
        (Recipe(epochs=3, steps=5), 27, 5),
    ],
)
def test_few_examples_get_a_floor_of_steps_unless_the_number_is_said(
    recipe: Recipe, examples: int, steps: int
) -> None:
    """Twelve passes or 600 steps, whichever is more; `epochs` and `steps` are kept to."""
    assert recipe.steps_for(examples) == steps
