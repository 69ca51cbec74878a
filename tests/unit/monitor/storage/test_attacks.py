"""Adapters made to harm whoever loads them: `python -m bench.registry` prints how long each takes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.registry.attack import Attack
from bench.registry.attacks import ATTACKS, BASE, CONFIG, WEIGHTS, good
from bench.registry.refusals import refused, swapped
from monitor.errors import BadAdapter
from monitor.storage import adapter_source
from monitor.storage.artifacts import ArtifactFolder

_LIMIT_S = 1.0  # of a processor; by the clock it depends on who else computes
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_every_attack_is_refused_before_anything_is_loaded(attack: Attack, tmp_path: Path) -> None:
    """At once, in one sentence of its own, and nothing of it stays."""
    found = refused(attack, tmp_path)
    assert attack.words in found.sentence
    assert "\n" not in found.sentence
    assert len(found.sentence) < 500
    assert found.busy_s < _LIMIT_S
    assert found.left == ()


def test_a_file_that_is_swapped_after_its_check_is_refused(tmp_path: Path) -> None:
    """What was copied is checked again, and nothing of it stays."""
    found = swapped(tmp_path)
    assert "changed while it was read" in found.sentence or "truncated" in found.sentence
    assert found.left == ()


def test_the_adapter_that_attacks_are_made_of_is_taken_in(tmp_path: Path) -> None:
    """Or every refusal would be of something else."""
    plain = Attack(name="none", spoil=lambda folder: None, words="")
    found = refused(plain, tmp_path)
    assert (found.sentence, len(found.left)) == ("", 1)


@pytest.mark.slow
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from([CONFIG, WEIGHTS]),
    place=st.floats(0, 1, exclude_max=True),
    bits=st.integers(1, 255),
    cut=st.booleans(),
)
def test_a_damaged_file_is_refused_or_is_another_version(
    tmp_path_factory: pytest.TempPathFactory, name: str, place: float, bits: int, cut: bool
) -> None:
    """Whichever byte is changed or missing: no error but a refusal, and never the old name."""
    folder = tmp_path_factory.mktemp("damaged")
    store = ArtifactFolder(folder / "store", BASE)
    source = adapter_source.directory(good(folder / "adapter"))
    whole = store.take_in("support", source, label="", parent=None, facts={}, at=_NOW)
    path = folder / "adapter" / name
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    if cut:
        content = content[:at]
    else:
        content[at] ^= bits
    path.write_bytes(content)
    try:
        damaged = store.take_in("support", source, label="", parent=None, facts={}, at=_NOW)
    except BadAdapter:
        return
    same_meaning = damaged.manifest == whole.manifest  # a change within white space or an inert key
    assert (damaged.name == whole.name) == same_meaning
