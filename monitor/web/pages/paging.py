"""Where the next page of a long list begins, as a link holds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

from monitor.errors import BadRequest
from monitor.ports.listings import Place
from rollback.times import iso

T = TypeVar("T")

ROWS = 50


def parsed(after: str) -> Place | None:
    """Return the place that a link names, `None` for the first page. Raises `BadRequest`."""
    if not after:
        return None
    moment, _, name = after.partition("~")
    return Place(at=time_of(moment), id=name)


def time_of(text: str) -> datetime:
    """Return a moment that a person or a link gives, UTC if no zone stands there.

    Raises `BadRequest`.
    """
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else datetime.fromisoformat(f"{text}+00:00")
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"{text[:40]!r} is no time: write it like 2026-03-01T12:30.") from error


def written(place: Place) -> str:
    """Return what `parsed` reads."""
    return f"{iso(place.at)}~{place.id}"


def following(place: Place | None, **filters: str | None) -> str | None:
    """Return the query of the next page with the same filters, `None` after the last page."""
    return None if place is None else query(**filters, after=written(place))


def query(**parts: str | None) -> str:
    """Return a query of the parts that are not empty."""
    kept = {name: value for name, value in parts.items() if value}
    return "?" + urlencode(kept, errors="replace")


def cut(rows: Sequence[T]) -> tuple[Sequence[T], T | None]:
    """Return a page of rows, and its last one if there is another page.

    Args:
        rows: up to one more than a page holds.
    """
    return rows[:ROWS], rows[ROWS - 1] if len(rows) > ROWS else None
