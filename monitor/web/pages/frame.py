"""What every page of the dashboard has: who looks at it, where it is, and what it may offer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from monitor.config import Role
from monitor.web.pages.login import PageSession
from monitor.web.pages.rendering import page
from monitor.web.sessions import Session


class Frame:
    """A page around its content, for one request."""

    def __init__(self, request: Request, session: Session) -> None:
        self.session = session
        query = request.url.query
        self._here = request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")

    def page(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """Return a page; buttons of what this person may not do are not on it."""
        person = self.session.person
        return page(
            template,
            status,
            session=self.session,
            here=self._here,
            may_act=person.may(Role.OPERATOR),
            may_rule=person.may(Role.ADMIN),
            **context,
        )


def _frame(request: Request, session: PageSession) -> Frame:
    return Frame(request, session)


Page = Annotated[Frame, Depends(_frame)]
