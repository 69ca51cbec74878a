"""The page of a golden run: the verdict, the slices, and the cases that got worse first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from guards.flips import Flip
from monitor.errors import NotFound
from monitor.ports.stores import Stores
from monitor.reports import golden_run
from monitor.reports.golden_run import CaseReport, GoldenRunReport
from monitor.reports.names import labels_of
from monitor.web.context import Context
from monitor.web.pages.frame import Page

router = APIRouter()

_MOST_CASES = 200  # on one page; both texts of each are in it

Shown = Literal["changed", "worse", "better", "same", "critical", "flaky", "all"]
_FLIPS: dict[str, frozenset[Flip]] = {
    "changed": frozenset(Flip) - {Flip.SAME},
    "worse": frozenset({Flip.BROKEN, Flip.WORSE}),
    "better": frozenset({Flip.FIXED, Flip.BETTER}),
    "same": frozenset({Flip.SAME}),
}


@router.get("/golden/{run}")
def show(run: str, web: Context, frame: Page, show: Shown = "all", slice: str = "") -> HTMLResponse:
    """Return the page of a run, with the cases that are asked for."""
    report = _read(web.stores, run)
    cases = select(report.cases, show, slice)
    return frame.page(
        "golden_run.html.jinja",
        report=report,
        cases=cases[:_MOST_CASES],
        left_out=max(0, len(cases) - _MOST_CASES),
        show=show,
        slice=slice,
        slices=report.run.summary.get("slices", {}),
        labels=labels_of(web.stores.registry.versions()),
    )


def select(cases: Sequence[CaseReport], show: Shown, slice: str) -> list[CaseReport]:
    """Return the cases of a kind, of one slice if it is named."""
    return [case for case in cases if slice in ("", case.slice) and _is_shown(case, show)]


def _is_shown(case: CaseReport, show: Shown) -> bool:
    if show == "all":
        return True
    if show == "critical":
        return case.is_critical
    if show == "flaky":
        return case.is_flaky
    return case.flip in _FLIPS[show] or (case.is_refused and show in ("changed", "worse"))


def _read(stores: Stores, run: str) -> GoldenRunReport:
    found = stores.golden.run(run)
    if found is None:
        raise NotFound(f"There is no golden run {run!r}.")
    return golden_run.assemble(stores.golden, found)
