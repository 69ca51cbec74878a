"""Results that were measured before are not measured again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.detection import kept
from bench.detection.kept import Kept


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project of one source file."""
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    monkeypatch.setattr(kept, "_FOLDER", tmp_path / "kept")
    (tmp_path / "code.py").write_text("1")
    return tmp_path


def store() -> Kept:
    """Return what is kept of the project as it is now."""
    return Kept("bench", ["code.py"])


def test_only_what_is_missing_is_measured() -> None:
    """A second benchmark with more items goes on where the first one stopped."""
    asked: list[int] = []

    def measure(item: int) -> int:
        asked.append(item)
        return item * item

    for items in ([1, 2], [1, 2, 3]):
        found = kept.measured(store(), measure, items, jobs=1, label="items")
    assert found == [1, 4, 9]
    assert asked == [1, 2, 3]


def test_results_of_other_code_are_not_read(project: Path) -> None:
    """A source that changes takes its results with it."""
    store().add("a", 1)
    assert "a" in store()
    (project / "code.py").write_text("2")
    assert "a" not in store()


def test_a_line_that_was_cut_off_is_passed_over(project: Path) -> None:
    """The results before it stay."""
    store().add("a", 1.5)
    (path,) = (project / "kept" / "bench").iterdir()
    path.write_text(path.read_text() + '{"key": "b", "res')
    assert store()["a"] == 1.5
    assert "b" not in store()
