"""Long lists, a page at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from guards.verdicts import Verdict
from monitor.ports.listings import AuditFilter, ExchangeFilter, Place
from monitor.ports.stores import Stores
from monitor.storage import listings
from tests.integration.storage.builders import NOW, V1, V2, record, scored

pytestmark = pytest.mark.integration

EVERY = ExchangeFilter(deployment="support")


def _ids(stores: Stores, wanted: ExchangeFilter, limit: int = 50) -> list[str]:
    """Return the ids of every page, one after the other."""
    found, place = [], None
    while True:
        page = stores.listings.exchanges(wanted, place, limit)
        found += [row.id for row in page.rows]
        place = page.place
        if place is None:
            return found


@pytest.fixture
def answers(stores: Stores) -> Stores:
    """Twelve answers: every third one is of v2, failed, without text in common with the others."""
    for number in range(12):
        odd = number % 3 == 0
        each = scored(number, Verdict.FAIL if odd else Verdict.OK, adapter=V2 if odd else V1)
        words = f"refund 100 % of {number}" if odd else f"answer {number}"
        each = replace(
            each,
            exchange=replace(each.exchange, output=words, started_at=NOW + timedelta(hours=number)),
            findings=("answer is no valid JSON",) if odd else (),
        )
        record(stores, each, keep_text=True)
    return stores


@pytest.mark.parametrize("limit", [1, 5, 12, 50])
def test_pages_hold_every_answer_once_and_in_order(answers: Stores, limit: int) -> None:
    """However long a page is."""
    assert _ids(answers, EVERY, limit) == [f"chatcmpl-{n}" for n in reversed(range(12))]


def test_answers_of_one_moment_are_told_apart(stores: Stores) -> None:
    """Pages end between them all the same."""
    for number in range(6):
        record(stores, scored(number, started_at=NOW))
    assert sorted(_ids(stores, EVERY, 2)) == [f"chatcmpl-{n}" for n in range(6)]


@pytest.mark.parametrize(
    ("facts", "numbers"),
    [
        ({"verdict": Verdict.FAIL}, [9, 6, 3, 0]),
        ({"adapter": V2}, [9, 6, 3, 0]),
        ({"adapter": ""}, []),
        ({"finding": "VALID json"}, [9, 6, 3, 0]),
        ({"text": "100 %"}, [9, 6, 3, 0]),
        ({"text": "100_%"}, []),
        ({"text": "answer 1"}, [11, 10, 1]),
        ({"text": "question 7"}, [7]),
        ({"since": NOW + timedelta(hours=9), "until": NOW + timedelta(hours=11)}, [10, 9]),
        ({"since": NOW + timedelta(hours=5), "verdict": Verdict.FAIL, "text": "refund"}, [9, 6]),
        ({"text": "a\0b"}, []),
    ],
)
def test_filters_are_joined(answers: Stores, facts: dict, numbers: list[int]) -> None:
    """Words are taken as they are, in any case; an empty version is the base model."""
    wanted = replace(EVERY, **facts)
    for limit in (2, 50):
        assert _ids(answers, wanted, limit) == [f"chatcmpl-{n}" for n in numbers]


def test_a_search_stops_and_says_how_far_it_came(answers: Stores, monkeypatch) -> None:
    """A rare word is looked for in a bounded number of answers at a time."""
    monkeypatch.setattr(listings, "_SEARCHED", 4)
    wanted = replace(EVERY, text="answer 1")
    first = answers.listings.exchanges(replace(EVERY, text="refund 100 % of 0"), None, 50)
    assert (list(first.rows), first.searched_to) == ([], NOW + timedelta(hours=8))
    assert _ids(answers, wanted) == ["chatcmpl-11", "chatcmpl-10", "chatcmpl-1"]


def test_acts_are_found_by_who_what_and_whom(stores: Stores) -> None:
    """An action's name may end before a dot, and pages begin below a number."""
    for number, (actor, action) in enumerate(
        (("ada", "deployment.promote"), ("ada", "deployment"), ("olga", "deployments.x")), start=1
    ):
        stores.audit.append(actor=actor, action=action, subject=f"s{number}", payload={}, at=NOW)

    def found(before: int | None = None, **facts: str) -> list[int]:
        return [row.seq for row in stores.listings.audit(AuditFilter(**facts), before, 10)]

    assert found() == [3, 2, 1]
    assert found(before=3) == [2, 1]
    assert found(action="deployment") == [2, 1]
    assert found(actor="ada", subject="s1") == [1]
    assert found(subject="a\0") == []
    assert [row.seq for row in stores.listings.audit(AuditFilter(), None, 1)] == [3]


def test_golden_runs_and_incidents_come_by_their_keys(stores: Stores) -> None:
    """Empty lists have one empty page."""
    place = Place(at=NOW, id="x")
    for after in (None, place):
        assert list(stores.listings.golden_runs("support", after, 5)) == []
        assert list(stores.listings.incidents(None, after, 5)) == []
