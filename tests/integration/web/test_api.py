"""The operator API over real HTTP."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from guards.golden import GoldenResult
from monitor.ports.golden import GoldenRun, RunStatus
from monitor.web import lookup
from rollback import case as cases
from rollback.decided import Decided
from rollback.policy import Policy
from rollback.proposal import Act, Proposal
from rollback.situation import Situation
from rollback.versions import VersionState
from tests.integration.storage.builders import notice, record, scored
from tests.integration.web import serving
from tests.integration.web.story import V1, V2

pytestmark = pytest.mark.integration


def acts(service) -> list[tuple[str, str, str | None]]:
    """Return who did what and why, oldest first."""
    return [
        (row.actor, row.action, row.payload.get("reason")) for row in service.stores.audit.rows()
    ]


READS = (
    "/api/overview",
    "/api/deployments",
    "/api/deployments/support",
    "/api/deployments/support/evidence",
    "/api/deployments/support/exchanges",
    "/api/deployments/support/indicators",
    "/api/adapters",
    f"/api/adapters/{V1}",
    f"/api/adapters/{V1}/card",
    "/api/incidents",
    "/api/golden/support/runs",
    "/api/golden/support/runs/run-gate",
    "/api/reports/support",
    "/api/audit",
    "/api/deployments/support/decisions",
    "/api/proposals",
    "/api/reviews",
)


async def test_every_read_needs_a_token(stranger) -> None:
    """Without a token every address answers 401 and says where the token is."""
    for path in READS:
        async with stranger.get(path) as answer:
            body = await answer.json()
        assert answer.status == 401, path
        assert body["error"]["type"] == "unauthorized"
        assert "/var/lib/backstop/operator-token" in body["error"]["message"]


async def test_a_wrong_token_is_refused(stranger) -> None:
    """A guess answers 401, as no token does."""
    async with stranger.get("/api/overview", headers={"Authorization": "Bearer guess"}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_every_read_answers_an_operator(operator) -> None:
    """With the token every address answers 200."""
    for path in READS:
        async with operator.get(path) as answer:
            assert answer.status == 200, path


async def test_the_overview_tells_suspicion(operator) -> None:
    """The overview has the condition for machines and the sentence for people."""
    async with operator.get("/api/overview") as answer:
        overview = await answer.json()
    assert overview["standing"]["condition"] == "suspicion"
    (view,) = overview["deployments"]
    assert view["deployment"]["active"] == V2
    assert view["deployment"]["baseline"] == V1


async def test_infinite_evidence_stays_a_number(operator, service) -> None:
    """Evidence that has overflowed is sent as the largest number, not as null or an error."""
    newest = service.stores.evidence.newest("support", 4)
    overflowed = replace(newest, position=newest.position + 1, evidence=math.inf)
    service.stores.evidence.save([overflowed], [], {})
    async with operator.get("/api/deployments/support/evidence") as answer:
        curve = await answer.json()
    assert curve["points"][-1]["evidence"] == 1e300


async def test_the_curve_comes_with_what_happened_to_the_pointer(operator) -> None:
    """The marks name the promotion of the version that is active."""
    async with operator.get("/api/deployments/support/evidence?minutes=60") as answer:
        curve = await answer.json()
    assert "support@v2 active" in [mark["label"] for mark in curve["marks"]]


async def test_an_unknown_deployment_is_named_with_those_there_are(operator) -> None:
    """404 says what there is instead."""
    for path in ("", "/evidence", "/exchanges", "/indicators"):
        async with operator.get(f"/api/deployments/suport{path}") as answer:
            body = await answer.json()
        assert answer.status == 404
        assert "support" in body["error"]["message"]


async def test_an_adapter_is_found_by_its_label(operator) -> None:
    """`support@v1` is the version labelled v1."""
    async with operator.get("/api/adapters/support@v1") as answer:
        assert (await answer.json())["name"] == V1


async def test_a_rollback_is_done_in_the_operators_name(operator, service) -> None:
    """The answer is the incident, and the actor is who holds the token."""
    body = {"reason": "customers complain"}
    async with operator.post("/api/deployments/support/rollback", json=body) as answer:
        incident = await answer.json()
    assert answer.status == 200
    assert (incident["from_version"], incident["to_version"]) == (V2, V1)
    assert acts(service)[-3] == ("ada", "deployment.rollback", "customers complain")
    async with operator.get(f"/api/incidents/{incident['id']}") as answer:
        assert (await answer.json())["reason"] == "customers complain"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x", "version": "v1"}, [1]])
async def test_a_rollback_that_is_not_understood_is_refused(operator, service, body) -> None:
    """A missing reason or an unknown field answers 400 and changes nothing."""
    async with operator.post("/api/deployments/support/rollback", json=body) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["type"] == "bad_request"
    assert service.stores.deployments.ensure("support").epoch == 4


async def test_a_refusal_of_the_gate_carries_its_numbers(operator) -> None:
    """409 with the run's numbers, so that a person sees by how much."""
    path, body = f"/api/adapters/{V1}/promote", {"reason": "new"}
    async with operator.post(path, json=body) as answer:
        error = (await answer.json())["error"]
    assert answer.status == 409
    assert error["type"] == "gate_refused"
    assert error["numbers"] == {"difference": -0.4}
    async with operator.post(path, json=body | {"force": True}) as answer:
        assert answer.status == 200


async def test_adapters_are_added_quarantined_and_released(operator) -> None:
    """An adapter goes through its states by the API."""
    new = {"family": "support", "path": "/srv/adapters/v3", "label": "v3"}
    async with operator.post("/api/adapters", json=new) as answer:
        assert answer.status == 201
        name = (await answer.json())["name"]
    for act, state in (("quarantine", "quarantined"), ("release", "verified")):
        async with operator.post(f"/api/adapters/{name}/{act}", json={"reason": "r"}) as answer:
            assert (await answer.json())["state"] == state


async def test_a_relative_path_of_an_adapter_is_refused(operator) -> None:
    """A path is the service's, not the caller's: a relative one has no meaning."""
    new = {"family": "support", "path": "adapters/v3"}
    async with operator.post("/api/adapters", json=new) as answer:
        assert answer.status == 400
        assert "relative" in (await answer.json())["error"]["message"]


async def test_a_golden_set_is_replaced_and_run(operator, service) -> None:
    """The body arrives as it was sent, and a run is answered and kept."""
    lines = '{"id": "a", "prompt": "ü", "expect": "ü"}\n'
    async with operator.put("/api/golden/support", data=lines.encode()) as answer:
        assert (await answer.json())["cases"] == 1
    (case,) = service.stores.golden.cases("support")
    assert case.messages[-1].content == "ü"
    async with operator.post("/api/golden/support/run") as answer:
        run = await answer.json()
    assert (run["verdict"], run["cause"]) == ("ok", "demand")


RUNNING = "0b9f3c7e-6f5e-4a53-9d1e-3d4f5a6b7c8d"


async def test_a_golden_run_that_is_under_way_tells_its_answers_so_far(operator, service) -> None:
    """By its id alone; of an id that nobody has it is said that there is no run."""
    answer = GoldenResult(case_id="case-1", output="yes", raw=1.0, grade=1.0, latency_s=0.1)
    run = GoldenRun(
        id=RUNNING,
        deployment="support",
        subject=V2,
        against=V1,
        compared=True,
        cause="demand",
        set_digest="d",
        started_at=serving.now(),
        status=RunStatus.RUNNING,
        position=1,
        set_size=40,
        summary={"sentence": "1 of 40 cases, mean grade 1.000 against 1.000"},
    )
    service.stores.golden.save_run(run, {V2: [answer], V1: [answer]})
    async with operator.get(f"/api/golden/runs/{RUNNING}") as response:
        told = await response.json()
    assert [told["run"][name] for name in ("status", "position", "set_size", "verdict")] == [
        "running",
        1,
        40,
        None,
    ]
    assert [case["flip"] for case in told["cases"]] == ["same"]
    async with operator.get(f"/api/golden/runs/{RUNNING[:-1]}0") as response:
        assert response.status == 404


@pytest.mark.parametrize(("body", "says"), [(b"", "no case"), (b"\xff\xfe", "not UTF-8 at byte 0")])
async def test_a_golden_set_that_cannot_be_used_is_refused(operator, body, says) -> None:
    """400 says what is wrong with it."""
    async with operator.put("/api/golden/support", data=body) as answer:
        error = (await answer.json())["error"]
    assert (answer.status, error["type"]) == (400, "bad_golden_set")
    assert says in error["message"]


async def test_a_recorded_answer_becomes_a_golden_case(operator, service) -> None:
    """With one request; what the record does not hold is a conflict, in a sentence."""
    answer = scored(7)
    record(service.stores, answer, keep_text=True)
    body = {"exchange": answer.exchange.id, "corrected": "ü"}
    async with operator.post("/api/golden/from-exchange", json=body) as reply:
        added = await reply.json()
    assert (reply.status, added["deployment"]) == (200, "support")
    (case,) = [each for each in service.stores.golden.cases("support") if each.id == added["case"]]
    assert case.messages == answer.exchange.messages
    async with operator.post("/api/golden/from-exchange", json={**body, "system": "x"}) as reply:
        assert (reply.status, (await reply.json())["error"]["type"]) == (409, "conflict")


async def test_the_audit_log_shows_the_newest_acts_first(operator) -> None:
    """`limit` keeps the newest."""
    async with operator.get("/api/audit?limit=2") as answer:
        numbers = [row["seq"] for row in await answer.json()]
    assert numbers[0] == numbers[1] + 1
    assert len(numbers) == 2


@pytest.mark.parametrize(
    ("form", "media_type", "says"),
    [
        ("html", "text/html", "data:image/png;base64,"),
        ("md", "text/markdown", "# support: Suspicion"),
        ("json", "application/json", '"condition": "suspicion"'),
    ],
)
async def test_a_report_comes_in_the_format_asked_for(operator, form, media_type, says) -> None:
    """HTML with its picture inside, Markdown, or the values; none may run a script."""
    async with operator.get(f"/api/reports/support?format={form}&hours=24") as answer:
        text = await answer.text()
    assert answer.content_type == media_type
    assert says in text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_the_openapi_document_names_every_operation(operator) -> None:
    """The document lists the API and the probes, and no page."""
    async with operator.get("/api/openapi.json") as answer:
        paths = (await answer.json())["paths"]
    assert {"/api/overview", "/api/deployments/{name}/rollback", "/healthz"} <= paths.keys()
    assert "/" not in paths


async def test_a_defect_is_answered_without_its_details(operator, service, logged) -> None:
    """An exception that nobody foresaw answers 500 in the same shape, and the log has it."""
    service.operations.components = None  # not a mapping: a defect of whoever wired the service
    async with operator.get("/readyz") as answer:
        error = (await answer.json())["error"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (answer.status, error["type"]) == (500, "internal_error")
    assert "TypeError" not in error["message"]
    (entry,) = logged
    assert (entry["event"], entry["path"], entry["log_level"]) == ("defect", "/readyz", "error")
    assert isinstance(entry["exc_info"], TypeError)


async def test_a_body_over_the_limit_is_cut_off(operator, stranger, service) -> None:
    """413 for operators and strangers alike, whether or not the length is told beforehand."""

    async def endless():
        for _ in range(64):
            yield b" " * 16_384

    path = "/api/deployments/support/rollback"
    for client in (operator, stranger):
        for body in (b" " * 300_000, endless()):
            async with client.post(path, data=body) as answer:
                error = (await answer.json())["error"]
            assert (answer.status, error["type"]) == (413, "too_large")
            assert "256 KiB" in error["message"]
    assert service.stores.deployments.ensure("support").epoch == 4


@pytest.mark.parametrize(("hours", "status"), [("0.5", 200), ("0", 400), ("nan", 400)])
async def test_a_report_may_cover_a_part_of_an_hour(operator, hours, status) -> None:
    """Hours are a number; none at all is refused."""
    async with operator.get(f"/api/reports/support?format=json&hours={hours}") as answer:
        assert answer.status == status


async def test_a_deployment_is_pinned_and_unpinned(operator, service) -> None:
    """With a reason, which the deployment shows."""
    async with operator.post("/api/deployments/support/pin", json={"reason": "the fair"}) as answer:
        assert (await answer.json())["pinned"].startswith("the fair")
    async with operator.post("/api/deployments/support/unpin", json={"reason": "over"}) as answer:
        assert (await answer.json())["pinned"] is None


async def test_a_decision_is_explained_from_its_stored_numbers(operator, service) -> None:
    """In sentences, in a list and alone with its whole case."""
    (deployment,) = [d for d in service.stores.deployments.all() if d.name == "support"]
    now = datetime.now(UTC)
    case = cases.of(deployment, None, Situation(versions={}), Policy(), now)
    service.stores.decisions.record(Decided(id="d1", at=now, case=case, decision=case.decide()))
    async with operator.get("/api/deployments/support/decisions") as answer:
        (told,) = await answer.json()
    assert (told["kind"], told["because"], told["replays"]) == ("hold", "no evidence", True)
    assert told["sentences"][-1] == "Decided again from these stored numbers, it is the same."
    async with operator.get("/api/decisions/d1") as answer:
        assert (await answer.json())["case"]["deployment"]["name"] == "support"
    async with operator.get("/api/decisions/none") as answer:
        assert answer.status == 404


async def test_a_proposal_is_listed_and_answered(operator, service) -> None:
    """By its id; what is answered otherwise later is a conflict."""
    (deployment,) = [d for d in service.stores.deployments.all() if d.name == "support"]
    proposal = Proposal(
        id="p1",
        deployment="support",
        epoch=deployment.epoch,
        act=Act.ROLLBACK,
        version=V1,
        reason="harm",
        made_at=datetime.now(UTC),
        made_by="backstop",
    )
    service.stores.proposals.put(proposal, notice(77))
    async with operator.get("/api/proposals?deployment=support") as answer:
        (told,) = await answer.json()
    assert (told["id"], told["answer"]) == ("p1", "pending")
    async with operator.post("/api/proposals/p1/approve", json={"reason": "go"}) as answer:
        assert (await answer.json())["answer"] == "approved"
    async with operator.post("/api/proposals/p1/reject", json={"reason": "no"}) as answer:
        assert answer.status == 409


async def test_a_card_tells_what_is_on_record_now(operator, service) -> None:
    """What was stated when a version was added, and the run that came after, are in its card."""
    body = {"family": "support", "path": "/srv/v3", "facts": {"card": {"limits": "English only."}}}
    async with operator.post("/api/adapters", json=body) as answer:
        name = (await answer.json())["name"]
    run = service.stores.golden.run("run-gate")
    summary = {"sentence": "mean grade 0.91 over 40 cases"}
    service.stores.golden.save_run(replace(run, id="later", subject=name, summary=summary), {})
    async with operator.get(f"/api/adapters/{name}/card") as answer:
        text = await answer.text()
    assert answer.content_type == "text/markdown"
    assert "English only." in text
    assert "mean grade 0.91 over 40 cases" in text


async def test_a_statement_with_an_unknown_part_is_refused(operator) -> None:
    """The answer names the part, and what there may be."""
    body = {"family": "support", "path": "/srv/v3", "facts": {"card": {"limit": "x"}}}
    async with operator.post("/api/adapters", json=body) as answer:
        assert answer.status == 400
        assert "'limit' is no part of a card" in (await answer.json())["error"]["message"]


async def test_an_answer_is_explained(operator, service) -> None:
    """What was found of it comes with its signals, each with what is known of its rarity."""
    (flagged, *_) = [
        each for each in service.stores.exchanges.recent("support", 20) if each.findings
    ]
    async with operator.get(f"/api/exchanges/{flagged.id}/explanation") as answer:
        told = await answer.json()
    assert (told["answer"]["id"], told["answer"]["findings"]) == (
        flagged.id,
        list(flagged.findings),
    )
    assert {each["name"] for each in told["rarities"]} == set(flagged.signals)
    assert told["reference_size"] is None


async def test_an_answer_that_is_not_on_record_has_no_explanation(operator) -> None:
    """The sentence names it."""
    async with operator.get("/api/exchanges/nobody/explanation") as answer:
        assert answer.status == 404
        assert "nobody" in (await answer.json())["error"]["message"]


async def test_a_review_is_due_until_it_is_done(operator, service) -> None:
    """Done once, with a note on the audit trail; then it is open no more."""
    stated = {"name": "support@aaaaaaaaaaaa", "parent": V1, "facts": {"licence": "mit"}}
    newest = replace(lookup.version(service.stores, V2), label="", **stated)
    newest = replace(newest, state=VersionState.REGISTERED)
    service.stores.registry.add(newest, actor="ada")
    service.stores.registry.move(
        newest.name, VersionState.VERIFIED, actor="ada", reason="", at=newest.created_at
    )
    body = {"reason": "go", "force": True}
    async with operator.post(f"/api/adapters/{newest.name}/promote", json=body) as answer:
        assert answer.status == 200, await answer.text()
    async with operator.get("/api/reviews") as answer:
        [due] = await answer.json()
    assert (due["cause"], due["version"]) == ("licence changed", newest.name)
    for status in (200, 404):
        path = f"/api/reviews/{due['id']}/done"
        async with operator.post(path, json={"reason": "own work"}) as answer:
            assert answer.status == status
    async with operator.get("/api/reviews") as answer:
        assert await answer.json() == []
    assert acts(service)[-1][1:] == ("review.done", "own work")
