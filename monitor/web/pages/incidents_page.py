"""Incidents: what went wrong, what was done about it, and on what evidence."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from monitor.ports.listings import AuditFilter, Place
from monitor.reports.names import labels_of, version_label
from monitor.web.context import Context
from monitor.web.evidence_words import explained
from monitor.web.pages import paging
from monitor.web.pages.frame import Page

router = APIRouter(prefix="/incidents")

_LOOKED_AT = 500  # acts on the deployment among which those of the incident are found


@router.get("")
def listed(web: Context, frame: Page, deployment: str = "", after: str = "") -> HTMLResponse:
    """Return a page of incidents, newest first."""
    rows, last = paging.cut(
        web.stores.listings.incidents(deployment or None, paging.parsed(after), paging.ROWS + 1)
    )
    place = None if last is None else Place(at=last.opened_at, id=last.id)
    return frame.page(
        "incidents_list.html.jinja",
        incidents=rows,
        chosen=deployment,
        deployments=[each.name for each in web.stores.deployments.all()],
        following=paging.following(place, deployment=deployment),
        label=partial(version_label, labels=labels_of(web.stores.registry.versions())),
    )


@router.get("/{incident_id}")
def one(incident_id: str, web: Context, frame: Page) -> HTMLResponse:
    """Return an incident: timeline, evidence in words, and the acts on record."""
    incident = web.stores.incidents.get(incident_id)
    acts = web.stores.listings.audit(AuditFilter(subject=incident.deployment), None, _LOOKED_AT)
    return frame.page(
        "incident.html.jinja",
        incident=incident,
        facts=explained(incident.evidence),
        acts=[act for act in acts if act.payload.get("incident") == incident.id],
        label=partial(version_label, labels=labels_of(web.stores.registry.versions())),
    )
