"""The audit log: who did what, found by who, what and whom; and whether it is whole."""

from __future__ import annotations

import json

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from monitor.errors import BadRequest
from monitor.ports.listings import AuditFilter
from monitor.web.context import Context
from monitor.web.pages import paging
from monitor.web.pages.frame import Page
from monitor.web.pages.login import PageSession
from monitor.web.pages.rendering import page
from rollback.audit import AuditRow
from rollback.audit_verification import verify

router = APIRouter(prefix="/audit")

_MOST_CHARACTERS = 4000


@router.get("")
def listed(
    web: Context,
    frame: Page,
    actor: str = "",
    action: str = "",
    subject: str = "",
    before: str = "",
) -> HTMLResponse:
    """Return a page of acts, newest first."""
    wanted = AuditFilter(actor=actor.strip(), action=action.strip(), subject=subject.strip())
    rows, last = paging.cut(web.stores.listings.audit(wanted, _number(before), paging.ROWS + 1))
    filters = {"actor": wanted.actor, "action": wanted.action, "subject": wanted.subject}
    return frame.page(
        "audit.html.jinja",
        rows=rows,
        filters=filters,
        details=_details,
        following=None if last is None else paging.query(**filters, before=str(last.seq)),
    )


@router.post("/verify")
def check(web: Context, _: PageSession) -> HTMLResponse:
    """Check the whole chain, row by row, against the anchors that are kept in a file."""
    return page("audit_verified.html.jinja", found=verify(web.stores.audit.rows(), web.anchors()))


def _number(before: str) -> int | None:
    if not before:
        return None
    if not before.isascii() or not before.isdigit() or len(before) > 18:
        raise BadRequest(f"{before[:40]!r} is no number of a row.")
    return int(before)


def _details(row: AuditRow) -> str:
    """Return what else is on record of an act, as JSON."""
    written = json.dumps(row.payload, indent=2, ensure_ascii=False, default=str)
    left_out = len(written) - _MOST_CHARACTERS
    if left_out <= 0:
        return written
    return f"{written[:_MOST_CHARACTERS]}… ({left_out:,} more characters)"
