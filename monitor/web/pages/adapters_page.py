"""Adapters: which was made from which, what each is, and what became of it."""

from __future__ import annotations

import json
from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from monitor.ports.listings import AuditFilter
from monitor.ports.stores import Stores
from monitor.reports.names import labels_of, version_label
from monitor.web import lookup
from monitor.web.context import Context
from monitor.web.pages.frame import Page
from rollback import lineage
from rollback.versions import SERVABLE, AdapterVersion, VersionState

router = APIRouter(prefix="/adapters")

_ACTS = 30


@router.get("")
def listed(web: Context, frame: Page) -> HTMLResponse:
    """Return the tree of every family."""
    versions = web.stores.registry.versions()
    return frame.page(
        "adapters_tree.html.jinja",
        lines=list(lineage.lines(lineage.trees({v.name: v.parent for v in reversed(versions)}))),
        by_name={version.name: version for version in versions},
        label=partial(version_label, labels=labels_of(versions)),
    )


@router.get("/{name}")
def one(name: str, web: Context, frame: Page) -> HTMLResponse:
    """Return the page of a version, by name or label."""
    stores = web.stores
    version = lookup.version(stores, name)
    versions = stores.registry.versions()
    return frame.page(
        "adapter.html.jinja",
        version=version,
        children=[each for each in versions if each.parent == version.name],
        manifest=_written(version.manifest),
        facts=_written(version.facts) if version.facts else "",
        used=_uses(stores, version),
        acts=stores.listings.audit(AuditFilter(subject=version.name), None, _ACTS),
        can_be_promoted=version.state in SERVABLE | {VersionState.REGISTERED},
        is_quarantined=version.state is VersionState.QUARANTINED,
        label=partial(version_label, labels=labels_of(versions)),
    )


def _written(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _uses(stores: Stores, version: AdapterVersion) -> list[tuple[str, str]]:
    """Return deployment and role, for each use that a version is of now."""
    return [
        (deployment.name, role)
        for deployment in stores.deployments.all()
        for role, name in (
            ("active", deployment.active),
            ("baseline", deployment.baseline),
            ("candidate", deployment.candidate),
        )
        if name == version.name
    ]
