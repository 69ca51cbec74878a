"""`/api/audit`: who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from monitor.web.api.answers import AuditRowAnswer
from monitor.web.context import Context
from rollback.audit import AuditRow

router = APIRouter(tags=["audit"])


@router.get("/audit", response_model=list[AuditRowAnswer], summary="The audit log")
def rows(web: Context, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Sequence[AuditRow]:
    """Return the newest acts on record, newest first."""
    return web.stores.audit.newest(limit)
