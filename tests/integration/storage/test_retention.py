"""Tests of `monitor.storage.retention` and `monitor.storage.erasure`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.config.retention import RetentionConfig
from monitor.errors import BadRequest
from monitor.ports.stores import Stores
from monitor.storage.database import open_engine
from monitor.storage.embedded import for_service
from monitor.storage.retention import KINDS
from monitor.storage.stores import open_stores
from rollback.audit_verification import verify
from rollback.indicators.steps import Step
from tests.integration.conftest import NoArtifacts
from tests.integration.storage.builders import NOW, SECOND, batch, observed, record, scored, write

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)
SUBJECT = "customer-4711"


def test_every_kind_has_a_length() -> None:
    """The configuration names exactly what the store can delete."""
    assert tuple(RetentionConfig().lengths()) == KINDS


def test_old_answers_and_older_texts_go(stores: Stores) -> None:
    """Whole partitions and single rows go; texts go before their rows do."""
    record(
        stores,
        scored(1, started_at=NOW - 5 * DAY),
        scored(2, started_at=NOW - 3 * DAY),
        scored(3, started_at=NOW - 3 * DAY + SECOND),
        scored(4),
        keep_text=True,
    )
    keep = {"exchanges": 3 * DAY - SECOND, "text": SECOND}
    assert stores.retention.due(keep, NOW) == {"exchanges": 2, "text": 3}
    assert stores.retention.expire(keep, NOW) == {"exchanges": 2, "text": 1}
    new, old = stores.exchanges.recent("support", 10)
    assert (new.id, new.output) == ("chatcmpl-4", "answer 4")
    assert (old.id, old.output, old.prompt) == ("chatcmpl-3", None, None)


def test_counting_what_is_due_deletes_nothing(stores: Stores) -> None:
    """A dry run may be repeated."""
    record(stores, scored(1), keep_text=True)
    stores.indicators.roll_up(NOW)
    keep = dict.fromkeys(KINDS, timedelta())
    first = stores.retention.due(keep, NOW + 2 * DAY)
    assert first["exchanges"] == first["text"] == first["indicators_day"] == 1
    assert stores.retention.due(keep, NOW + 2 * DAY) == first


def test_minutes_go_before_hours_and_days(stores: Stores) -> None:
    """Each step has a length of its own."""
    record(stores, scored(1))
    stores.indicators.roll_up(NOW)
    stores.retention.expire({"indicators_minute": DAY}, NOW + 2 * DAY)
    left = {
        step: len(
            stores.indicators.series("support", "exchanges", NOW - 2 * DAY, NOW + 2 * DAY, step)
        )
        for step in Step
    }
    assert left == {Step.MINUTE: 0, Step.HOUR: 1, Step.DAY: 1}


def test_nothing_unknown_is_kept(stores: Stores) -> None:
    """A kind that does not exist is refused."""
    with pytest.raises(BadRequest, match="dreams"):
        stores.retention.due({"dreams": DAY}, NOW)


def test_a_subject_is_erased_and_the_trail_holds(stores: Stores, engine: Engine) -> None:
    """Answers, remarks and names in what judges read are gone; others stay; the chain verifies."""
    stores.audit.append(actor="a", action="before", subject="s", payload={}, at=NOW)
    given = batch(1, 2, 3, 4)
    own = ({"caller": SUBJECT}, {"tags": {"user": SUBJECT}}, {"caller": f"{SUBJECT}0"}, {})
    mixed = replace(
        given,
        scored=[scored(n, **facts) for n, facts in enumerate(own, start=1)],
        observed=[observed(1, caller=SUBJECT, words=b"w"), *(observed(n) for n in (2, 3, 4))],
    )
    write(stores, mixed)
    stores.feedback.add_feedback("chatcmpl-1", 0.5, f"I am {SUBJECT}", NOW)
    stores.indicators.roll_up(NOW)
    erased = stores.retention.erase(SUBJECT, actor="ops", at=NOW)
    assert (erased.exchanges, erased.feedback, erased.observations) == (2, 1, 2)
    assert {each.id for each in stores.exchanges.recent("support", 9)} == {
        "chatcmpl-3",
        "chatcmpl-4",
    }
    (seen,) = stores.observations.unread(9)
    assert [each.observation.caller for each in seen.items] == [erased.subject, None, None, None]
    assert seen.items[0].observation.words is None
    assert seen.items[0].observation.scores == observed(1).observation.scores
    assert verify(stores.audit.rows()).intact
    row = stores.audit.newest(1)[0]
    assert (row.action, row.subject) == ("subject.erase", f"subject:{erased.subject}")
    assert SUBJECT not in f"{row}"
    assert _mentions(engine) == []
    (total,) = stores.indicators.summary("support", NOW, NOW + timedelta(minutes=1))
    assert total.measured["exchanges"].value == 4


def test_the_service_s_own_role_may_do_it(database_url: str) -> None:
    """Rolling up, deleting whole days and erasing need no rights but the service's."""
    service = open_engine(for_service(database_url))
    stores = open_stores(service, NoArtifacts())
    record(stores, scored(1, started_at=NOW - 5 * DAY), scored(2, caller=SUBJECT))
    assert stores.indicators.roll_up(NOW) == 2
    assert stores.retention.expire({"exchanges": DAY}, NOW) == {"exchanges": 1}
    assert stores.retention.erase(SUBJECT, actor="ops", at=NOW).exchanges == 1
    service.dispose()


def test_erasing_twice_finds_nothing_more(stores: Stores) -> None:
    """The same subject has the same hash, and no rows."""
    record(stores, scored(1, caller=SUBJECT))
    first = stores.retention.erase(SUBJECT, actor="ops", at=NOW)
    again = stores.retention.erase(SUBJECT, actor="ops", at=NOW)
    assert (again.subject, again.exchanges) == (first.subject, 0)


def _mentions(engine: Engine) -> list[str]:
    """Return the tables in which a row still names the subject as a whole word."""
    with engine.connect() as connection:
        tables = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        return [
            table
            for table in tables.all()
            if connection.execute(
                text(
                    f'SELECT EXISTS (SELECT FROM "{table}" AS row'
                    " WHERE row::text ~ :word OR convert_from(decode(replace("
                    " encode(row::text::bytea, 'hex'), '00', ''), 'hex'), 'UTF8') ~ :word)"
                ),
                {"word": rf"{SUBJECT}\M"},
            ).scalar_one()
        ]
