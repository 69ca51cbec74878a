"""Sessions of the dashboard."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from monitor.config import Role
from monitor.web.sessions import LIFETIME, Sessions
from monitor.web.tokens import Person

ADA, GRACE = (Person(name=name, role=Role.ADMIN) for name in ("ada", "grace"))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sessions(prefix: str = "secret") -> Sessions:
    """Return sessions whose secrets are counted."""
    numbers = count()
    return Sessions(lambda: f"{prefix}-{next(numbers)}")


def test_a_cookie_finds_its_session():
    """The session knows who logged in."""
    open_sessions = sessions()
    cookie, session = open_sessions.open(ADA, NOW)
    assert open_sessions.find(cookie, NOW) == session
    assert session.person == ADA


def test_a_forged_cookie_finds_nothing():
    """An id without the right signature opens nothing, and neither does another process's cookie."""
    open_sessions = sessions()
    cookie, _ = open_sessions.open(ADA, NOW)
    foreign, _ = sessions("other").open(ADA, NOW)
    session_id, _, signature = cookie.partition(".")
    for forged in ("", session_id, f"{session_id}.", f"{session_id}.ü", f"x.{signature}", foreign):
        assert open_sessions.find(forged, NOW) is None


def test_a_session_ends_by_itself():
    """At the end of its lifetime a session is over."""
    open_sessions = sessions()
    cookie, _ = open_sessions.open(ADA, NOW)
    assert open_sessions.find(cookie, NOW + LIFETIME) is None


def test_a_closed_session_stays_closed():
    """Closing ends one session, once, and no other."""
    open_sessions = sessions()
    cookie, _ = open_sessions.open(ADA, NOW)
    other, _ = open_sessions.open(GRACE, NOW)
    open_sessions.close(cookie, NOW)
    open_sessions.close(cookie, NOW)
    assert open_sessions.find(cookie, NOW) is None
    assert open_sessions.find(other, NOW) is not None


def test_sessions_are_bounded():
    """A thousand later logins push out the first one, and memory does not grow."""
    open_sessions = sessions()
    first, _ = open_sessions.open(ADA, NOW)
    last = [open_sessions.open(ADA, NOW)[0] for _ in range(1000)][-1]
    assert open_sessions.find(first, NOW) is None
    assert open_sessions.find(last, NOW) is not None


def test_a_proxied_persons_csrf_token_is_theirs_alone():
    """It is the same at every request, another for each person, and another in each process."""
    open_sessions = sessions()
    ada = open_sessions.proxied(ADA, NOW).csrf
    assert open_sessions.proxied(ADA, NOW + LIFETIME).csrf == ada
    assert open_sessions.proxied(GRACE, NOW).csrf != ada
    assert sessions("other").proxied(ADA, NOW).csrf != ada
