"""Streams under guards, event by event."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from guards.checks.context import GuardContext
from guards.checks.stream import StreamGuard
from guards.guarded import GuardVerdict
from monitor.gateway.guarding.request import Guarding
from monitor.gateway.guarding.stream import GuardedStream
from monitor.ports.handover import Dialect
from tests.guarding import (
    DONE,
    EMAIL,
    Oracle,
    away,
    endings_of,
    event,
    frame,
    frames_of,
    guarding,
    said_in,
    stream_of,
)

ASKED = {"model": "support", "messages": [{"role": "user", "content": "hi"}]}


async def relayed(
    guards: Guarding,
    *parts: bytes,
    logprobs: bool = True,
    dialect: Dialect = Dialect.CHAT,
    **asked: Any,
) -> tuple[bytes, GuardedStream]:
    """Return what a caller gets of a stream that comes in these parts."""
    request = guards.of(dialect, json.dumps({**ASKED, **asked}).encode())
    stream = GuardedStream(request, logprobs=logprobs)
    out = b""
    for part in parts:
        if not stream.over:
            out += await stream.feed(part)
    return (out if stream.over else out + await stream.end()), stream


async def test_a_harmless_stream_loses_nothing() -> None:
    """Text, role, reason, usage and the end arrive; the word being written only waits."""
    usage = frame({"id": "a-1", "choices": [], "usage": {"prompt_tokens": 3, "total_tokens": 9}})
    opening = event({"role": "assistant", "content": ""})
    whole = (
        opening + stream_of("Your par", "cel is on ", "its way").removesuffix(DONE) + usage + DONE
    )
    body, _ = await relayed(guarding(), whole)
    frames = frames_of(body)
    assert frames[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert said_in(frames) == "Your parcel is on its way"
    assert endings_of(frames) == {0: "stop"}
    assert frames[-1]["usage"] == {"prompt_tokens": 3, "total_tokens": 9}


async def test_what_was_cleared_has_gone_out_before_the_block() -> None:
    """The address never goes out, the choice ends for `content_filter`, and says on whose account."""
    guards = guarding()
    body, stream = await relayed(
        guards, stream_of("Please write", " to anna.schm", "idt@gmail", ".com now")
    )
    frames = frames_of(body)
    assert said_in(frames) == "Please write to "
    assert endings_of(frames) == {0: "content_filter"}
    told = frames[-1]["choices"][0]["backstop"]
    assert told["found"] == {"personal_data.email": 1}
    assert stream.over
    assert dict(guards.counts.counts) == {("support", "personal_data", "block", "block"): 1}


WORDS = st.sampled_from(
    [
        "Hello",
        " ",
        "write to ",
        EMAIL,
        " 12 ",
        "0301",
        "3 March",
        "の",
        "\u200b",
        "(",
        "AB12",
        "\n",
        ". ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=14), st.data())
def test_however_a_stream_is_cut_the_caller_gets_what_the_guard_clears(
    words: list[str], data: st.DataObject
) -> None:
    """Cuts of the text into events, and of the bytes into parts, change nothing at the end."""
    deltas = _cut(data, "".join(words))
    body = stream_of(*deltas)
    got, _ = asyncio.run(relayed(guarding(), *_cut(data, body)))
    guard = StreamGuard(guarding().guards.applied, GuardContext())
    cleared = "".join(map(guard.feed, deltas)) + guard.finish()
    frames = frames_of(got)
    blocked = guard.judgement.verdict is GuardVerdict.BLOCK
    assert said_in(frames) == cleared
    assert endings_of(frames) == {0: "content_filter" if blocked else "stop"}


def _cut(data: st.DataObject, whole: Any) -> list[Any]:
    places = data.draw(st.lists(st.integers(0, len(whole)), max_size=8).map(sorted))
    return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]


async def test_each_choice_has_a_guard_of_its_own() -> None:
    """A blocked choice ends alone; what the engine still writes of it goes nowhere."""
    whole = b"".join(
        (
            event("To ", index=0),
            event("Hello ", index=1),
            event(f"{EMAIL} ", index=0),
            event("there, ", index=1),
            event("and more ", index=0),
            event("friend", index=1, reason="stop"),
            event({}, index=0, reason="stop"),
            DONE,
        )
    )
    body, stream = await relayed(guarding(), whole, n=2)
    frames = frames_of(body)
    assert said_in(frames, 0) == "To "
    assert said_in(frames, 1) == "Hello there, friend"
    assert endings_of(frames) == {0: "content_filter", 1: "stop"}
    verdicts = {index: each.verdict for index, each in stream._request.guarded.items()}
    assert verdicts == {0: GuardVerdict.BLOCK, 1: GuardVerdict.PASS}


async def test_the_engine_is_stopped_once_no_choice_can_go_on() -> None:
    """With one choice blocked of two the stream goes on; with both it is over."""
    request = guarding().of(Dialect.CHAT, json.dumps({**ASKED, "n": 2}).encode())
    stream = GuardedStream(request, logprobs=True)
    await stream.feed(event(f"{EMAIL} and more ", index=0))
    assert not stream.over
    out = await stream.feed(event(f"{EMAIL} and more ", index=1))
    assert stream.over
    assert out.endswith(DONE)


def call(arguments: str, *, index: int = 0, **named: Any) -> dict[str, Any]:
    """Return a delta with a part of a tool's call."""
    function = {"arguments": arguments, **({"name": named.pop("name")} if "name" in named else {})}
    return {"tool_calls": [{"index": index, "function": function, **named}]}


def arguments_in(frames: list[dict[str, Any]], index: int = 0) -> str:
    """Return the arguments of a call, joined."""
    deltas = [choice["delta"] for each in frames for choice in each["choices"]]
    calls = [each for delta in deltas for each in delta.get("tool_calls", [])]
    return "".join(
        each["function"].get("arguments", "") for each in calls if each["index"] == index
    )


async def test_arguments_of_tools_are_guarded_like_text() -> None:
    """Each call is a text of its own: harmless arguments arrive whole, an address does not."""
    fine = [
        event(call("", id="c1", type="function", name="find")),
        event(call('{"order"')),
        event(call(": 20418}")),
        event({}, reason="tool_calls"),
        DONE,
    ]
    body, _ = await relayed(guarding(), *fine)
    frames = frames_of(body)
    assert arguments_in(frames) == '{"order": 20418}'
    assert frames[0]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"] == "find"
    assert endings_of(frames) == {0: "tool_calls"}
    leak = [event(call(f'{{"to": "{EMAIL}"', id="c1", name="mail")), event(call("}")), DONE]
    body, _ = await relayed(guarding(), *leak)
    assert EMAIL.encode() not in body
    assert endings_of(frames_of(body)) == {0: "content_filter"}


async def test_reasoning_and_tools_names_are_guarded_too() -> None:
    """Whatever text a choice carries, under whatever name, an address in it ends the choice."""
    for said in (
        {"reasoning_content": f"so {EMAIL} "},
        {"reasoning": f"{EMAIL} "},
        {"refusal": f"{EMAIL} "},
        call("{}", name=EMAIL),
    ):
        body, _ = await relayed(guarding(), event(said), event({}, reason="stop"), DONE)
        assert EMAIL.encode() not in body, said
        assert endings_of(frames_of(body)) == {0: "content_filter"}


async def test_fields_that_nobody_knows_do_not_go_round_the_guards() -> None:
    """Token ids, prompt log-probabilities and the like are left out: they would give the text away."""
    odd = frame(
        {
            "id": "a-1",
            "prompt_logprobs": [{"5": EMAIL}],
            "usage": {"prompt_tokens": 1, "note": EMAIL},
            "choices": [
                {
                    "index": 0,
                    "token_ids": [5],
                    "delta": {"content": "Hi ", "audio": EMAIL},
                    "x": EMAIL,
                }
            ],
        }
    )
    body, _ = await relayed(guarding(), odd, event({}, reason="stop"), DONE)
    assert EMAIL.encode() not in body
    assert b"token_ids" not in body
    assert said_in(frames_of(body)) == "Hi "


def with_logprobs(text: str, *tokens: str) -> bytes:
    """Return an event with its tokens' log-probabilities."""
    entries = [
        {"token": each, "logprob": -0.5, "bytes": list(each.encode()), "top_logprobs": []}
        for each in tokens
    ]
    return event(text, logprobs={"content": entries, "refusal": None})


async def test_log_probabilities_wait_for_their_text() -> None:
    """No token's string goes out before its text; in a harmless answer all of them do in the end."""
    leak = [
        with_logprobs("write to ", "write", " to", " "),
        with_logprobs("anna.schmidt", "anna", ".schmidt"),
        with_logprobs("@gmail.com ", "@gmail", ".com", " "),
        DONE,
    ]
    body, _ = await relayed(guarding(), *leak)
    assert b"anna" not in body
    assert b"gmail" not in body
    fine = [
        with_logprobs("wri", "wri"),
        with_logprobs("te to", "te", " to"),
        event({}, reason="stop"),
        DONE,
    ]
    body, _ = await relayed(guarding(), *fine)
    given = [choice["logprobs"] for each in frames_of(body) for choice in each["choices"]]
    assert [token["token"] for each in given if each for token in each["content"]] == [
        "wri",
        "te",
        " to",
    ]


async def test_tokens_ahead_of_their_text_wait_for_it() -> None:
    """A server that holds text back, but not its tokens, gives nothing away."""
    ahead = [
        with_logprobs("write ", "write", " ", "anna", ".schmidt@gmail.com"),
        event(f"{EMAIL} "),
        DONE,
    ]
    body, _ = await relayed(guarding(), *ahead)
    assert b"anna" not in body


async def test_log_probabilities_that_only_the_record_wants_stay_behind() -> None:
    """The caller did not ask for them."""
    body, _ = await relayed(
        guarding(), with_logprobs("hi", "hi"), event({}, reason="stop"), DONE, logprobs=False
    )
    assert b"token" not in body


async def test_a_text_completion_is_guarded_with_its_own_fields() -> None:
    """Text and the lists of its log-probabilities go out side by side."""
    given = {
        "tokens": ["To", " be"],
        "token_logprobs": [-0.1, -0.2],
        "top_logprobs": None,
        "text_offset": [0, 2],
    }
    choice = {"index": 0, "text": "To be", "logprobs": given, "finish_reason": None}
    last = {"index": 0, "text": "", "logprobs": None, "finish_reason": "length"}
    parts = frame({"id": "c", "choices": [choice]}), frame({"id": "c", "choices": [last]}), DONE
    body, _ = await relayed(guarding(), *parts, dialect=Dialect.TEXT, prompt="hi")
    choices = [choice for each in frames_of(body) for choice in each["choices"]]
    assert "".join(each["text"] for each in choices) == "To be"
    assert choices[-1]["logprobs"] == {
        "tokens": ["To", " be"],
        "token_logprobs": [-0.1, -0.2],
        "text_offset": [0, 2],
    }


async def test_what_cannot_be_read_is_blocked_and_counted() -> None:
    """No JSON, other shapes, an endless event: the guard fails closed, and the stream is over."""
    odd = (
        b"data: {nonsense\n\n",
        frame([1]),
        frame({"choices": [{"index": "a"}]}),
        frame({"choices": 3}),
        event({"content": [{"text": "x"}]}),
        event({"tool_calls": "x"}),
        b"data: " + b"x" * 2_000,
    )
    for part in odd:
        guards = guarding(most_bytes=1_000)
        body, stream = await relayed(guards, event("Hello "), part)
        frames = frames_of(body)
        assert said_in(frames) == "Hello ", part
        assert endings_of(frames) == {0: "content_filter"}, part
        assert frames[-1]["choices"][0]["backstop"]["unchecked"] == ["personal_data"]
        assert stream.over
        assert dict(guards.counts.counts) == {
            ("support", "personal_data", "block", "failed_closed"): 1
        }


async def test_an_answer_that_ends_without_a_word_is_guarded_to_its_end() -> None:
    """What was held goes out if it is harmless; nothing is made up behind it."""
    request = guarding().of(Dialect.CHAT, json.dumps(ASKED).encode())
    stream = GuardedStream(request, logprobs=True)
    out = await stream.feed(event("Good") + event("bye")) + await stream.end()
    assert b"Goodbye" in out
    assert DONE not in out


async def test_an_engine_s_own_error_frame_goes_on() -> None:
    """It is no answer."""
    body, _ = await relayed(guarding(), frame({"error": {"message": "CUDA", "code": 500}}), DONE)
    assert frames_of(body) == [{"error": {"message": "CUDA", "code": 500}}]


async def test_a_guard_that_needs_the_whole_holds_everything_to_the_end() -> None:
    """Comments keep the connection alive; then all goes out at once, or nothing."""
    for says, ending in ((None, "stop"), ("bad", "content_filter")):
        oracle = Oracle(lambda _text, says=says: says)
        guards = guarding({}, oracles=[oracle])
        request = guards.of(Dialect.CHAT, json.dumps(ASKED).encode())
        stream = GuardedStream(request, logprobs=True)
        held = await stream.feed(event("Hello ") + event("there"))
        assert held == b": held\n\n"
        frames = frames_of(await stream.feed(event({}, reason="stop") + DONE))
        assert said_in(frames) == ("" if says else "Hello there")
        assert endings_of(frames) == {0: ending}
        assert oracle.asked == ["Hello there"]


async def test_an_oracle_that_is_away_blocks() -> None:
    """Blocking guards fail closed."""
    guards = guarding({}, oracles=[Oracle(away)])
    body, _ = await relayed(guards, stream_of("Hello"))
    assert endings_of(frames_of(body)) == {0: "content_filter"}
    assert dict(guards.counts.counts) == {("support", "oracle", "block", "failed_closed"): 1}
