"""Golden sets as they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guards.exchange import Message
from guards.golden import GoldenSetError, parse_cases, set_digest


def _line(**changes: Any) -> str:
    fields: dict[str, Any] = {"id": "c1", "prompt": "2+2", "expect": "4", **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


def test_a_case_is_read_with_its_defaults() -> None:
    """A text alone is expected exactly; the rest has defaults."""
    (case,) = parse_cases(_line())
    assert case.messages == (Message(role="prompt", content="2+2"),)
    assert case.expectation == {"kind": "exact", "value": "4"}
    assert (case.slice, case.weight, case.critical) == ("", 1.0, False)


def test_a_case_may_hold_a_conversation() -> None:
    """`messages` keep their roles, and all fields are taken over."""
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    expectation = {"kind": "contains", "values": ["hello"]}
    line = _line(
        prompt=...,
        messages=turns,
        expect=...,
        expectation=expectation,
        slice="greetings",
        weight=1,
        critical=True,
    )
    (case,) = parse_cases(line)
    assert [message.role for message in case.messages] == ["system", "user"]
    assert case.expectation == expectation
    assert (case.slice, case.weight, case.critical) == ("greetings", 1.0, True)


def test_blank_lines_and_a_byte_order_mark_are_passed_over() -> None:
    """Files as editors leave them are read."""
    assert len(parse_cases("\ufeff" + _line() + "\r\n\n" + _line(id="c2") + "\n")) == 2


def test_a_line_separator_inside_a_text_does_not_split_the_line() -> None:
    """U+2028 may stand in a JSON text."""
    line = '{"id": "c1", "prompt": "a\u2028b", "expect": "x"}'
    assert parse_cases(line)[0].messages[0].content == "a\u2028b"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ...}, "no id"),
        ({"id": 7}, "no id"),
        ({"prompt": ...}, "either prompt or messages"),
        ({"prompt": 1}, "prompt must be a text"),
        ({"messages": []}, "either prompt or messages"),
        ({"prompt": ..., "messages": []}, "messages must be a list"),
        ({"prompt": ..., "messages": [{"role": "user"}]}, "messages must be a list"),
        ({"expect": ...}, "either expect or expectation"),
        ({"expect": 4}, "must be a text or"),
        ({"expect": {"kind": "exatc"}}, "do you mean 'exact'"),
        ({"weight": 2}, "weight must be 1, for every case counts the same"),
        ({"weight": "1"}, "weight must be 1"),
        ({"weight": 10**400}, "weight must be 1"),
        ({"critical": 1}, "true or false"),
        ({"slice": 1}, "slice must be a text"),
        ({"expected": "4"}, "unknown field 'expected'"),
    ],
)
def test_a_bad_line_is_named_with_the_way_out(changes: dict[str, Any], message: str) -> None:
    """The error names line 2 and what to write."""
    with pytest.raises(GoldenSetError, match=message) as caught:
        parse_cases(_line(id="good") + "\n" + _line(**changes))
    assert "line 2" in str(caught.value)


@pytest.mark.parametrize("line", ["{", "[1]", '{"id": "a", "weight": NaN}', "[" * 100_000])
def test_a_line_that_is_no_object_is_named(line: str) -> None:
    """Malformed JSON, lists, NaN and endless nesting are refused."""
    with pytest.raises(GoldenSetError, match=r"line 1: no JSON"):
        parse_cases(line)


def test_a_second_case_with_the_same_id_is_named_with_both_lines() -> None:
    """Results are kept by id, so it must be unique."""
    with pytest.raises(GoldenSetError, match=r"line 3: the id 'c1' is that of line 1 too"):
        parse_cases("\n".join([_line(), _line(id="c2"), _line()]))


def test_all_bad_lines_are_told_at_once() -> None:
    """Ten of them in words, the rest as a number."""
    with pytest.raises(GoldenSetError, match=r"line 10: .*and 2 more") as caught:
        parse_cases("\n".join(["{"] * 12))
    assert "line 11" not in str(caught.value)


def test_an_empty_file_is_refused() -> None:
    """A set without cases would pass everything."""
    with pytest.raises(GoldenSetError, match="no case"):
        parse_cases("\n\n")


def test_the_digest_is_that_of_the_content() -> None:
    """The order of lines and of fields does not matter, any change of a case does."""
    first, second = _line(), _line(id="c2")
    digest = set_digest(parse_cases(f"{first}\n{second}"))
    assert digest == set_digest(parse_cases(f"{second}\n{first}"))
    assert digest != set_digest(parse_cases(f"{first}\n{_line(id='c2', slice='greetings')}"))
    assert len(digest) == 64
