"""Canonical JSON."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.canonical import canonical, plain
from rollback.errors import NotCanonical

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


class _Colour(Enum):
    RED = "red"


def test_numbers_are_written_as_the_standard_says() -> None:
    """The samples of RFC 8785, appendix B, that a double can tell apart."""
    samples = [
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-1.7976931348623157e308, "-1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (1e21, "1e+21"),
        (1e23, "1e+23"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (333333333.3333332, "333333333.3333332"),
    ]
    for number, text in samples:
        assert canonical(number) == text.encode()


def test_keys_are_sorted_by_their_utf_16_units() -> None:
    """A sign outside the basic plane sorts by its surrogates, before U+FB33."""
    keys = {"\ufb33": 1, "\U0001f600": 2, "a": 3}
    assert canonical(keys).decode() == '{"a":3,"\U0001f600":2,"\ufb33":1}'


@given(_JSON)
def test_a_value_that_was_stored_as_json_keeps_its_bytes(value: object) -> None:
    """Writing and reading JSON text changes nothing that counts."""
    assert canonical(json.loads(json.dumps(plain(value)))) == canonical(value)


@pytest.mark.parametrize("number", [1e300, 1e25, -4e22, 1.7976931348623157e308, 2.0**70])
def test_a_large_number_may_come_back_as_an_integer(number: float) -> None:
    """Postgres' jsonb writes 1e300 with all its zeros."""
    as_integer = int(Decimal(repr(number)))
    assert canonical(as_integer) == canonical(number)


def test_an_integer_that_no_double_holds_keeps_all_its_digits() -> None:
    """Two integers that differ stay different."""
    assert canonical(2**64 + 1) != canonical(2**64)
    assert canonical(10**400 + 1) != canonical(10**400)


def test_a_number_that_json_does_not_know_becomes_a_word() -> None:
    """An act must be recordable whatever its numbers are."""
    assert plain([math.nan, math.inf, -math.inf]) == ["NaN", "Infinity", "-Infinity"]


def test_values_of_the_core_become_json() -> None:
    """Moments, enum members and tuples have a form."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert plain({"at": moment, "colour": _Colour.RED, "pair": (1, 2)}) == {
        "at": "2026-01-01T00:00:00.000000+00:00",
        "colour": "red",
        "pair": [1, 2],
    }


@pytest.mark.parametrize("value", [{1: "one"}, {"a": b"bytes"}, {1, 2}, "\ud800"])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    """Nothing is turned into a string by guess."""
    with pytest.raises(NotCanonical):
        canonical(value)
