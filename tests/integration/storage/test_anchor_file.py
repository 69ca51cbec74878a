"""Tests of `monitor.storage.anchor_file` and of anchoring a real trail."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.alerts.memory import MemorySender
from monitor.alerts.posted_anchors import PostedAnchors
from monitor.errors import ConfigError, Unavailable
from monitor.ports.stores import Stores
from monitor.runtime.anchoring import Anchoring
from monitor.storage.anchor_file import AnchorFile
from rollback.audit_anchors import Anchor
from rollback.audit_verification import Tampering, verify
from tests.integration.storage.builders import NOW

pytestmark = pytest.mark.integration

_FIRST = Anchor(seq=1, hash="1f" * 32, at=NOW)


def _append(stores: Stores, subject: str) -> None:
    stores.audit.append(actor="ann", action="test", subject=subject, payload={}, at=NOW)


def _anchoring(stores: Stores, file: AnchorFile, post: MemorySender) -> Anchoring:
    keepers = {"file": file, "post": PostedAnchors(post)}
    return Anchoring(stores.audit, stores.outbox, keepers, lambda: True)


async def test_anchors_come_back_in_their_order(tmp_path: Path) -> None:
    """A file that is not there yet holds none; a line that was cut off counts for nothing."""
    file = AnchorFile(tmp_path / "kept" / "anchors.jsonl")
    assert file.read() == []
    second = Anchor(seq=2, hash="2f" * 32, at=NOW)
    await file.keep(_FIRST)
    await file.keep(second)
    with (tmp_path / "kept" / "anchors.jsonl").open("a") as lines:
        lines.write('{"at": "2026-')
    assert file.read() == [_FIRST, second]
    assert await file.newest() == second


@pytest.mark.parametrize("line", ["{}", "[1]", "x", '{"at": "2026-01-01", "seq": 1, "hash": ""}'])
def test_a_line_that_is_no_anchor_is_named(tmp_path: Path, line: str) -> None:
    """Somebody changed the file; to pass over it would help them."""
    path = tmp_path / "anchors.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ConfigError, match=r"line 1 of .* is no anchor"):
        AnchorFile(path).read()


async def test_a_file_out_of_reach_is_named(tmp_path: Path) -> None:
    """A folder stands in its place."""
    with pytest.raises(Unavailable, match="cannot be written"):
        await AnchorFile(tmp_path).keep(_FIRST)
    with pytest.raises(Unavailable, match="cannot be read"):
        AnchorFile(tmp_path).read()


async def test_a_head_is_anchored_once(stores: Stores, tmp_path: Path) -> None:
    """In the file and by the webhook, and again only when the trail has grown."""
    file, post = AnchorFile(tmp_path / "anchors.jsonl"), MemorySender("post")
    anchoring = _anchoring(stores, file, post)
    await anchoring.anchor()
    assert file.read() == []
    for subject in ("a", "b"):
        _append(stores, subject)
        await anchoring.anchor()
        await anchoring.anchor()
    assert [anchor.seq for anchor in file.read()] == [1, 2]
    assert [notice.facts["seq"] for notice in post.notices] == [1, 2]
    assert verify(stores.audit.rows(), file.read()).intact


async def test_a_keeper_out_of_reach_is_not_anothers_trouble(
    stores: Stores, tmp_path: Path
) -> None:
    """The webhook has the head though the file cannot be written."""
    post = MemorySender("post")
    _append(stores, "a")
    await _anchoring(stores, AnchorFile(tmp_path), post).anchor()
    assert [notice.facts["seq"] for notice in post.notices] == [1]


async def test_a_trail_that_was_cut_calls_people_and_keeps_its_anchor(
    stores: Stores, engine: Engine, tmp_path: Path
) -> None:
    """An anchor of what is left would hide what is gone."""
    file = AnchorFile(tmp_path / "anchors.jsonl")
    anchoring = _anchoring(stores, file, MemorySender("post"))
    for subject in ("a", "b", "c"):
        _append(stores, subject)
    await anchoring.anchor()
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM audit_log WHERE seq > 1"))
    _append(stores, "forged")
    await anchoring.anchor()
    assert [anchor.seq for anchor in file.read()] == [3]
    with engine.connect() as connection:
        titles = connection.execute(text("SELECT title FROM outbox")).scalars().all()
    assert titles == ["the audit trail was tampered with"]
    assert verify(stores.audit.rows(), file.read()).tampering is Tampering.TRUNCATED
