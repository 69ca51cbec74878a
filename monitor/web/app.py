"""The operator's HTTP surfaces as one FastAPI app."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from monitor.web import probes, statuses
from monitor.web.api import (
    adapters,
    audit,
    decisions,
    deployments,
    drills,
    exchanges,
    golden,
    incidents,
    overview,
    reports,
    reviews,
)
from monitor.web.body_limit import BodyLimit
from monitor.web.context import Web
from monitor.web.defects import Defects
from monitor.web.identity import operator
from monitor.web.pages import (
    adapters_page,
    audit_page,
    case_dialog,
    dashboard,
    deployment_page,
    errors,
    events,
    exchanges_page,
    golden_list,
    golden_page,
    incidents_page,
    login,
    policy_page,
    rollback_dialog,
    system_page,
    version_dialogs,
)
from monitor.web.security_headers import SecurityHeaders

_API = (
    overview,
    deployments,
    adapters,
    incidents,
    golden,
    reports,
    audit,
    decisions,
    drills,
    exchanges,
    reviews,
)
_PAGES = (
    login,
    dashboard,
    deployment_page,
    exchanges_page,
    golden_list,
    golden_page,
    incidents_page,
    adapters_page,
    policy_page,
    audit_page,
    system_page,
    rollback_dialog,
    case_dialog,
    version_dialogs,
    events,
)


def create_app(
    web: Web,
    *,
    release: str,
    data_plane: Sequence[BaseRoute] = (),
) -> FastAPI:
    """Return the app with the operator API, the dashboard, the probes and the data plane.

    Args:
        release: version of the product, for the OpenAPI document.
        data_plane: routes under `/v1`; they bring their own tokens and their own errors.
    """
    # FastAPI's own documentation pages load scripts from another host: only the document is kept.
    app = FastAPI(
        title="Backstop",
        version=release,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.web = web
    # The last one added is the outermost: an answer to a defect has the headers too.
    app.add_middleware(BodyLimit, by_method={"PUT": golden.MOST_BYTES})
    app.add_middleware(Defects)
    app.add_middleware(SecurityHeaders)
    statuses.install(app)
    errors.install(app)
    login.install(app)
    app.router.routes.extend(data_plane)
    app.include_router(probes.router)
    for module in _API:
        app.include_router(module.router, prefix="/api", dependencies=[Depends(operator)])
    for page in _PAGES:
        app.include_router(page.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    return app
