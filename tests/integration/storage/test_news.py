"""Tests of `monitor.storage.news`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from queue import Empty, Queue
from threading import Event, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import Conflict
from monitor.ports.news import Topic
from monitor.ports.stores import Stores
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded
from monitor.storage.news import PostgresNews
from tests.integration.storage.builders import (
    NOW,
    V1,
    add_verified,
    batch,
    promotion,
    version,
    write,
)

pytestmark = pytest.mark.integration

_LIMIT_S = 30.0


@contextmanager
def _following(engine: Engine) -> Iterator[Queue[Topic]]:
    heard: Queue[Topic] = Queue()
    stop = Event()
    thread = Thread(target=PostgresNews(engine).follow, args=(heard.put, stop))
    thread.start()
    try:
        yield heard
    finally:
        stop.set()
        thread.join(_LIMIT_S)
        assert not thread.is_alive()


@pytest.fixture
def heard(engine: Engine) -> Iterator[Queue[Topic]]:
    """What is told from now on."""
    with _following(engine) as queue:
        assert _next(queue, 2) == list(Topic)
        yield queue


def _next(queue: Queue[Topic], count: int = 1) -> list[Topic]:
    return [queue.get(timeout=_LIMIT_S) for _ in range(count)]


def _share(stores: Stores, at: datetime = NOW, **changes: object) -> None:
    asked: dict[str, object] = {
        "expected_epoch": 1,
        "candidate": None,
        "candidate_share": 0.0,
        "shadow_rate": 0.5,
        "actor": "ann",
        "reason": "r",
    }
    stores.deployments.share("support", at=at, **{**asked, **changes})  # type: ignore[arg-type]


def test_every_change_of_a_pointer_is_told(stores: Stores, heard: Queue[Topic]) -> None:
    """A new deployment, a flip, an amendment and a share are each told once."""
    add_verified(stores, version(V1, "v1"))
    stores.deployments.ensure("support")
    assert _next(heard) == [Topic.POINTERS]
    stores.deployments.flip(promotion(V1, None, 0))
    assert _next(heard) == [Topic.POINTERS]
    amended = {"expected_epoch": 1, "actor": "ann", "reason": "r", "at": NOW}
    stores.deployments.amend("support", confirmed=True, **amended)  # type: ignore[arg-type]
    assert _next(heard) == [Topic.POINTERS]
    _share(stores)
    assert _next(heard) == [Topic.POINTERS]
    assert heard.empty()


def test_recorded_answers_are_told(stores: Stores, heard: Queue[Topic]) -> None:
    """Once they can be read."""
    write(stores, batch(1))
    assert _next(heard) == [Topic.OBSERVATIONS]
    assert len(stores.observations.unread(1)) == 1


def test_what_is_rolled_back_or_changes_nothing_is_not_told(
    stores: Stores, heard: Queue[Topic]
) -> None:
    """A conflict, a repeated batch and a repeated share say nothing: the next thing heard is new."""
    stores.deployments.ensure("support")
    write(stores, batch(1))
    assert _next(heard, 2) == [Topic.POINTERS, Topic.OBSERVATIONS]
    with pytest.raises(Conflict):
        _share(stores, expected_epoch=9)
    stores.deployments.ensure("support")
    _share(stores, expected_epoch=0, shadow_rate=0.0)
    write(stores, batch(1))
    write(stores, batch(2, number=1))
    assert _next(heard) == [Topic.OBSERVATIONS]
    with pytest.raises(Empty):
        heard.get_nowait()


def test_a_cut_connection_is_made_anew(engine: Engine, heard: Queue[Topic]) -> None:
    """Everything is told once more, since something may have been missed."""
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    with engine.begin() as connection:
        assert connection.execute(text(cut)).scalars().all() == [True]
    assert _next(heard, 2) == list(Topic)


def test_it_begins_when_the_server_is_there(server: Embedded) -> None:
    """Before that it waits; it goes on when the server has been restarted."""
    engine = open_engine(server.start())
    with _following(engine) as heard:
        assert _next(heard, 2) == list(Topic)
        server.stop()
        server.start()
        assert _next(heard, 2) == list(Topic)
    engine.dispose()


def test_it_ends_soon(engine: Engine) -> None:
    """Within a second of the wish, while nothing is told."""
    with _following(engine) as heard:
        _next(heard, 2)
        wished = time.monotonic()
    assert time.monotonic() - wished < 1.0
