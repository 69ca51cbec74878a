"""Trees of versions."""

from hypothesis import given
from hypothesis import strategies as st

from rollback.lineage import Branch, lines, trees

_NAMES = [f"support@{number:012x}" for number in range(8)]


def test_children_stand_below_their_parent_in_the_order_given() -> None:
    """Two trees, one of them with grandchildren."""
    parents = {"a": None, "b": "a", "c": "a", "d": "b", "e": None}
    assert list(lines(trees(parents))) == [
        ("", "a"),
        ("├─ ", "b"),
        ("│  └─ ", "d"),
        ("└─ ", "c"),
        ("", "e"),
    ]


def test_a_version_of_an_unknown_parent_is_a_root() -> None:
    """Its parent was never registered here."""
    assert trees({"a": "gone"}) == (Branch(name="a"),)


def test_a_long_chain_is_no_trouble() -> None:
    """A version may be the ten-thousandth of its line."""
    parents = {str(n): str(n - 1) if n else None for n in range(10_000)}
    assert len(list(lines(trees(parents)))) == 10_000


@given(st.dictionaries(st.sampled_from(_NAMES), st.none() | st.sampled_from(_NAMES)))
def test_every_version_stands_once_whoever_is_whose_parent(parents: dict[str, str | None]) -> None:
    """Also where a database says that two are each other's parents."""
    assert sorted(name for _, name in lines(trees(parents))) == sorted(parents)
