"""Sessions of the dashboard: who has logged in, kept in memory only."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.web.tokens import Person

LIFETIME = timedelta(hours=12)
_MOST_SESSIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who has logged in. `csrf` must come with every request that changes something."""

    person: Person
    csrf: str
    expires_at: datetime


class Sessions:
    """The open sessions of this process; a restart closes them all.

    A cookie is `id.signature`, signed with a key that never leaves this process. Sessions are
    also kept here by id, so that logging out ends one for good.

    Args:
        make_secret: returns unguessable URL-safe text, e.g. `secrets.token_urlsafe`.
    """

    def __init__(self, make_secret: Callable[[], str]) -> None:
        self._make_secret = make_secret
        self._key = make_secret().encode()
        self._open: dict[str, Session] = {}

    def open(self, person: Person, now: datetime) -> tuple[str, Session]:
        """Return the cookie and the session of a person who has shown a token."""
        self._forget(now)
        session_id = self._make_secret()
        session = Session(person=person, csrf=self._make_secret(), expires_at=now + LIFETIME)
        self._open[session_id] = session
        return f"{session_id}.{self._signature(session_id)}", session

    def proxied(self, person: Person, now: datetime) -> Session:
        """Return the session of a person whom a proxy has logged in; there is no cookie to it.

        Every request says anew who they are, but a foreign page could make their browser send one:
        so its CSRF token is asked for too.
        """
        csrf = self._signature(f"proxied {person.name}")
        return Session(person=person, csrf=csrf, expires_at=now + LIFETIME)

    def find(self, cookie: str, now: datetime) -> Session | None:
        """Return the session of a cookie, or `None` if it is forged, closed or expired."""
        session_id, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(session_id).encode()):
            return None
        session = self._open.get(session_id)
        return session if session is not None and session.expires_at > now else None

    def close(self, cookie: str, now: datetime) -> None:
        """End the session of a cookie; do nothing if there is none."""
        if self.find(cookie, now) is not None:
            del self._open[cookie.partition(".")[0]]

    def _signature(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def _forget(self, now: datetime) -> None:
        """Drop expired sessions, and the oldest ones beyond the bound."""
        living = [(key, s) for key, s in self._open.items() if s.expires_at > now]
        self._open = dict(living[-(_MOST_SESSIONS - 1) :])
