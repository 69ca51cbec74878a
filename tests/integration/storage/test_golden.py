"""Tests of `monitor.storage.golden`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from guards import golden
from guards.exchange import Message
from guards.flakiness import Spread
from guards.golden import GoldenCase, GoldenResult
from guards.verdicts import Verdict
from monitor.errors import BadGoldenSet
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, SECOND, V1, V2

pytestmark = pytest.mark.integration

RUN = GoldenRun(
    id="run-1",
    deployment="support",
    subject=V2,
    against=V1,
    compared=True,
    cause="gate",
    set_digest="d",
    started_at=NOW,
)


def _case(name: str, **changes: object) -> GoldenCase:
    plain = GoldenCase(
        id=name,
        messages=(Message(role="user", content=f"{name}?"),),
        expectation={"kind": "json", "value": {"team": "billing", "n": 1}},
        slice="billing",
    )
    return replace(plain, **changes)


def _import(stores: Stores, *cases: GoldenCase) -> str:
    return stores.golden.import_cases("support", cases, actor="ann", at=NOW)


def test_the_last_import_is_in_force(stores: Stores) -> None:
    """Cases come back in their order, and a new set replaces the old one."""
    first = [_case("b", critical=True, weight=2.0), _case("a")]
    _import(stores, *first)
    assert stores.golden.cases("support") == first
    _import(stores, _case("c"))
    assert stores.golden.cases("support") == [_case("c")]
    _import(stores, *first)
    assert stores.golden.cases("support") == first


def test_the_same_content_changes_nothing(stores: Stores) -> None:
    """Its digest is the same, and no audit row is written."""
    assert _import(stores, _case("a")) == _import(stores, _case("a"))
    assert len(list(stores.audit.rows())) == 1
    assert _import(stores, _case("a", weight=3)) != _import(stores, _case("a"))


def test_without_an_import_there_are_no_cases(stores: Stores) -> None:
    """An unknown deployment has an empty set."""
    assert stores.golden.cases("support") == []


@pytest.mark.parametrize("names", [(), ("a", "b", "a")])
def test_an_unusable_set_is_refused(stores: Stores, names: tuple[str, ...]) -> None:
    """An empty set, or one with an id twice, leaves the set in force as it is."""
    _import(stores, _case("kept"))
    with pytest.raises(BadGoldenSet):
        _import(stores, *(_case(name) for name in names))
    assert stores.golden.cases("support") == [_case("kept")]


def test_a_run_grows_until_it_is_finished(stores: Stores, engine: Engine) -> None:
    """Saving again updates the run and its results by their ids."""
    answer = GoldenResult(case_id="a", output="x\0", raw=0.0, grade=0.5, latency_s=0.1)
    stores.golden.save_run(RUN, {V2: [answer]})
    done = replace(RUN, finished_at=NOW + SECOND, verdict=Verdict.FAIL, summary={"cases": 2})
    better = replace(answer, grade=1.0)
    other = replace(answer, case_id="b", error="the engine is away")
    stores.golden.save_run(done, {V2: [better, other], "": [answer]})
    assert stores.golden.runs("support") == [done]
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT version, case_id, grade FROM golden_results ORDER BY 1, 2")
        ).all()
    assert [tuple(row) for row in rows] == [("", "a", 0.5), (V2, "a", 1.0), (V2, "b", 0.5)]


def test_runs_are_newest_first(stores: Stores) -> None:
    """Up to the limit."""
    for number in range(3):
        later = replace(RUN, id=f"run-{number}", started_at=NOW + number * SECOND)
        stores.golden.save_run(later, {})
    assert [run.id for run in stores.golden.runs("support", 2)] == ["run-2", "run-1"]


def test_the_rarer_fields_of_a_case_come_back(stores: Stores) -> None:
    """Tools, context, stop strings and a length; a set without them keeps the digest it had."""
    rare = _case(
        "a",
        tools=({"type": "function", "function": {"name": "refund"}},),
        context=("14 days\0",),
        stop=("\n",),
        max_tokens=9,
    )
    assert _import(stores, rare) != _import(stores, _case("a"))
    _import(stores, rare)
    assert stores.golden.cases("support") == [
        replace(rare, context=("14 days\N{REPLACEMENT CHARACTER}",))
    ]


def test_the_digest_of_a_plain_set_is_what_it_was(stores: Stores) -> None:
    """It was computed before cases had tools: stored runs refer to it."""
    assert _import(stores, _case("a")).startswith("ea2021e9b4ac69aa")


def test_a_case_is_added_at_the_end_or_in_the_place_of_its_id(stores: Stores) -> None:
    """Each time under a new digest, with a row of the audit trail that says from what to what."""
    first = _import(stores, _case("a"), _case("b"))
    added = [
        stores.golden.add_case("support", case, actor="ann", at=NOW, source="chatcmpl-1")
        for case in (_case("c"), _case("a", slice="refunds"), _case("a", slice="refunds"))
    ]
    assert [each.id for each in stores.golden.cases("support")] == ["b", "c", "a"]
    assert stores.golden.cases("support")[-1].slice == "refunds"
    assert len({first, *added}) == 3
    rows = [row for row in stores.audit.rows() if row.action == "golden.add"]
    assert [row.payload["to"] for row in rows] == added[:2]
    assert rows[0].payload == {
        "from": first,
        "to": added[0],
        "cases": 3,
        "case": "c",
        "source": "chatcmpl-1",
    }


def test_cases_that_are_added_at_once_are_all_there(stores: Stores) -> None:
    """Nobody's case is lost to another's, also in a set that does not exist yet."""
    cases = [_case(f"c{number}") for number in range(8)]
    with ThreadPoolExecutor(len(cases)) as pool:
        wait = [
            pool.submit(stores.golden.add_case, "support", case, actor="ann", at=NOW, source="x")
            for case in cases
        ]
        assert len({each.result() for each in wait}) == len(cases)
    assert {case.id for case in stores.golden.cases("support")} == {case.id for case in cases}


def test_the_noise_of_a_grade_is_kept(stores: Stores, engine: Engine) -> None:
    """Where a grade is a mean over repeats."""
    answer = GoldenResult(case_id="a", output="x", raw=0.5, grade=0.5, latency_s=0.1)
    noisy = replace(answer, case_id="b", standard_error=0.25)
    stores.golden.save_run(RUN, {V2: [answer, noisy]})
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT case_id, standard_error FROM golden_results ORDER BY 1")
        ).all()
    assert [tuple(row) for row in rows] == [("a", None), ("b", 0.25)]


def _result(name: str, grade: float, output: str = "x") -> GoldenResult:
    return GoldenResult(case_id=name, output=output, raw=grade, grade=grade, latency_s=0.1)


def test_a_run_is_found_with_its_results_and_its_cases(stores: Stores) -> None:
    """Also after another set has come into force."""
    cases = [_case("a"), _case("b")]
    _import(stores, *cases)
    run = replace(RUN, set_digest=golden.set_digest(cases))
    stores.golden.save_run(run, {V2: [_result("b", 0.0), _result("a", 1.0)], "": []})
    _import(stores, _case("c"))
    assert stores.golden.run(run.id) == run
    assert stores.golden.results(run.id) == {V2: [_result("a", 1.0), _result("b", 0.0)]}
    assert stores.golden.cases_of(run) == cases


def test_an_unknown_run_is_none_and_an_unknown_set_is_empty(stores: Stores) -> None:
    """Nothing is made up."""
    _import(stores, _case("a"))
    assert stores.golden.run("no such run") is None
    assert stores.golden.results("no such run") == {}
    assert stores.golden.cases_of(RUN) == []


def test_grades_that_differ_between_runs_of_one_version_have_a_variance(stores: Stores) -> None:
    """Failed answers, other sets and other versions are left out."""
    for number, grade in enumerate((1.0, 0.0)):
        run = replace(RUN, id=f"run-{number}")
        failed = replace(_result("c", 0.0), error="the engine is away")
        stores.golden.save_run(
            run, {V2: [_result("a", grade), _result("b", 1.0), failed], V1: [_result("a", 1.0)]}
        )
    elsewhere = replace(RUN, id="run-2", set_digest="other")
    stores.golden.save_run(elsewhere, {V2: [_result("b", 0.0)]})
    assert stores.golden.spreads("support", "d", [V2]) == [
        Spread(case_id="a", version=V2, runs=2, variance=0.5),
        Spread(case_id="b", version=V2, runs=2, variance=0.0),
    ]
