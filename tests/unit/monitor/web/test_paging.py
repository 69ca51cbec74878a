"""Where the next page begins, as a link holds it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.errors import BadRequest
from monitor.ports.listings import Place
from monitor.web.pages import paging

AT = datetime(2026, 3, 1, 12, 30, 5, 123456, tzinfo=UTC)


@pytest.mark.parametrize("name", ["chatcmpl-1", "a~b", "", "ü&x=1"])
def test_a_place_survives_its_link(name):
    """Whatever an id is made of."""
    place = Place(at=AT, id=name)
    assert paging.parsed(paging.written(place)) == place


def test_a_time_without_a_zone_is_in_utc():
    """As a browser's field gives it."""
    assert paging.time_of("2026-03-01T12:30") == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert paging.time_of("2026-03-01T12:30+02:00").astimezone(UTC).hour == 10


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "x~y", "<script>", "9" * 400])
def test_what_is_no_time_is_refused(text):
    """With the way to write it."""
    with pytest.raises(BadRequest, match="2026-03-01T12:30"):
        paging.parsed(text)


def test_a_full_page_has_a_next_one_only_if_there_is_a_row_for_it():
    """The last row of the page is where the next one begins."""
    rows = list(range(paging.ROWS + 1))
    assert paging.cut(rows) == (rows[:-1], rows[-2])
    assert paging.cut(rows[:-1]) == (rows[:-1], None)
    assert paging.query(a="x y", b="", c=None) == "?a=x+y"
