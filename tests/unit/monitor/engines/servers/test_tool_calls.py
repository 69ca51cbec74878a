"""Calls that a server has parsed out of an answer."""

from __future__ import annotations

from typing import Any

from guards import tool_calls
from guards.tool_calls import ToolCall
from monitor.engines.servers.tool_calls import ToolCalls


def part(index: int, arguments: str = "", name: str | None = None) -> dict[str, Any]:
    """Return a part as a stream has it."""
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {"index": index, "function": function}


def written(*parts: dict[str, Any]) -> str:
    """Return the text that parts become, one after the other."""
    calls = ToolCalls()
    return "".join([*(calls.feed([each]) for each in parts), calls.close()])


def test_a_call_in_parts_is_written_as_graders_read_it() -> None:
    """Names first, then the arguments' text as it comes."""
    text = written(part(0, name="refund"), part(0, '{"order": '), part(0, '"A-1 猫"}'))
    assert tool_calls.within(text) == (ToolCall(name="refund", arguments={"order": "A-1 猫"}),)


def test_two_calls_stay_two() -> None:
    """Each in its own marks."""
    text = written(part(0, "{}", "a"), part(1, '{"x": 1}', "b"))
    assert tool_calls.within(text) == (
        ToolCall(name="a", arguments={}),
        ToolCall(name="b", arguments={"x": 1}),
    )


def test_an_answer_without_calls_stays_as_it_is() -> None:
    """Nothing is added."""
    assert written() == ""
