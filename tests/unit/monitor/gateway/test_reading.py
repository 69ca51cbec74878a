"""Exchanges out of relayed bytes."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guards import entropy, faults
from guards.exchange import Exchange, FinishReason, Message, Passage
from monitor.gateway.reading import read
from monitor.ports.handover import Dialect, Ending, Relayed
from tests.unit.monitor.gateway.relaying import (
    DONE,
    HELLO,
    STREAM,
    STREAMED,
    VERSION,
    chat,
    delta,
    event,
    relayed,
    said,
    whole,
)


def one(item: Relayed) -> Exchange:
    """Return the only exchange of a request."""
    (exchange,) = read(item)
    return exchange


def text_answer(*texts: str, **fields: Any) -> bytes:
    """Return a whole text completion."""
    choices = [
        {"index": index, "text": text, "logprobs": None, "finish_reason": "stop"}
        for index, text in enumerate(texts)
    ]
    return json.dumps({"id": "cmpl-1", "choices": choices, **fields}).encode()


def test_a_whole_answer_is_read_with_its_facts() -> None:
    """Who answered, what was asked and said, how long it took, and how many tokens it was."""
    exchange = one(relayed(chat(), whole(said("On its way.")), caller="c1"))
    assert exchange == Exchange(
        id="chatcmpl-7d1c",
        deployment="support",
        adapter=VERSION,
        epoch=3,
        started_at=datetime(2025, 7, 20, 8, 26, 40, 500000, tzinfo=UTC),
        messages=(Message(role="user", content="Where is my order?"),),
        output="On its way.",
        latency_s=0.5,
        prompt_tokens=12,
        output_tokens=7,
        finish_reason=FinishReason.STOP,
        caller="c1",
        tags={"request_id": "q1", "relayed_as": "r1"},
    )


def test_a_stream_is_read_as_one_answer() -> None:
    """Its parts make the text, its last event the counts, and its first byte was its first token."""
    exchange = one(relayed(chat(stream=True), STREAM, streamed=True))
    assert (exchange.id, exchange.output) == ("chatcmpl-7d1c", STREAMED)
    assert (exchange.prompt_tokens, exchange.output_tokens) == (12, 9)
    assert exchange.first_token_s == 0.1
    assert exchange.finish_reason is FinishReason.STOP


@pytest.mark.parametrize(
    "stream",
    [
        STREAM.replace(b"\n", b"\r\n"),
        STREAM.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + STREAM,
        STREAM.replace(b"data: ", b": ping\n\ndata:"),
        STREAM.removesuffix(DONE),
        STREAM.removesuffix(b"\n\n"),
        STREAM + DONE,
        STREAM + delta(content="after the end"),
        STREAM.replace(b'{"id"', b'{\ndata: "id"'),
    ],
)
def test_a_stream_is_read_however_it_is_written(stream: bytes) -> None:
    """Line ends, byte order mark, comments, and a missing or double end make no difference."""
    assert one(relayed(chat(), stream, streamed=True)).output == STREAMED


def test_n_choices_are_n_exchanges() -> None:
    """The first has the answer's id; tokens are not counted for each."""
    first, second = read(relayed(chat(n=2), whole(said("Yes."), said("No.", "length"))))
    assert (first.id, second.id) == ("chatcmpl-7d1c", "chatcmpl-7d1c#1")
    assert (first.output, second.output) == ("Yes.", "No.")
    assert second.finish_reason is FinishReason.LENGTH
    assert (first.prompt_tokens, first.output_tokens) == (12, None)


def test_choices_of_a_stream_are_told_apart() -> None:
    """Their parts come mixed."""
    stream = (
        delta(index=1, content="b")
        + delta(index=0, content="a")
        + delta("stop", index=1, content="B")
        + delta("stop", index=0, content="A")
        + DONE
    )
    assert [each.output for each in read(relayed(chat(n=2), stream))] == ["aA", "bB"]


def test_each_prompt_of_a_list_has_its_choices() -> None:
    """First come all choices of the first prompt."""
    request = {"model": "support", "prompt": ["one", "two"], "n": 2}
    answer = text_answer("a", "b", "c", "d", usage={"prompt_tokens": 9})
    found = read(relayed(request, answer, dialect=Dialect.TEXT))
    assert [each.prompt for each in found] == ["one", "one", "two", "two"]
    assert [each.messages[0].role for each in found] == ["prompt"] * 4
    assert [each.prompt_tokens for each in found] == [None] * 4


def test_prompts_of_token_ids_are_told_apart_without_their_text() -> None:
    """The text is not known, only whether two are the same."""
    request = {"prompt": [[1, 2], [1, 3], [1, 2]]}
    prompts = [
        each.prompt
        for each in read(relayed(request, text_answer("a", "b", "c"), dialect=Dialect.TEXT))
    ]
    assert prompts[0].startswith("[token ids ")
    assert prompts[0] == prompts[2] != prompts[1]


def test_an_echoed_prompt_is_no_part_of_the_answer() -> None:
    """Nor are its log-probabilities, which come mixed with the answer's."""
    answer = json.loads(text_answer("One, two"))
    answer["choices"][0]["logprobs"] = {"token_logprobs": [None, -0.5]}
    request = {"prompt": "One,", "echo": True}
    exchange = one(relayed(request, json.dumps(answer).encode(), dialect=Dialect.TEXT))
    assert exchange.output == " two"
    assert exchange.token_logprobs is None


def test_parts_tools_and_pictures_of_messages_are_read() -> None:
    """Texts are joined; a picture has a name of its own; calls of tools are lines of JSON."""
    call = {"id": "c", "type": "function", "function": {"name": "find", "arguments": '{"a": 1}'}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "What is "}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "a cat"},
    ]
    messages = one(relayed(chat(messages=turns), whole(said("A cat.")))).messages
    assert messages[0].content.startswith("What is [image_url ")
    assert messages[1] == Message(role="assistant", content='{"tool":"find","arguments":{"a": 1}}')
    assert messages[2] == Message(role="tool", content="a cat")


def test_an_answer_that_only_calls_tools_is_not_empty() -> None:
    """Whole or streamed, each call is a line."""
    calls = [
        {"function": {"name": "f", "arguments": "{}"}},
        {"function": {"name": "g", "arguments": "{"}},
    ]
    expected = '{"tool":"f","arguments":{}}\n{"tool":"g","arguments":"{"}'
    answer = one(relayed(chat(), whole(said(None, "tool_calls", tool_calls=calls))))
    assert (answer.output, answer.finish_reason) == (expected, FinishReason.STOP)
    stream = (
        delta(tool_calls=[{"index": 0, "id": "x", "function": {"name": "f", "arguments": ""}}])
        + delta(tool_calls=[{"index": 0, "function": {"arguments": "{"}}])
        + delta(tool_calls=[{"index": 1, "id": "y", "function": {"name": "g", "arguments": "{"}}])
        + delta(tool_calls=[{"index": 0, "function": {"arguments": "}"}}])
        + delta("tool_calls")
        + DONE
    )
    assert one(relayed(chat(), stream)).output == expected


def test_a_function_call_of_old_is_read() -> None:
    """As servers wrote it before there were tools."""
    call = {"name": "f", "arguments": "{}"}
    answer = one(relayed(chat(), whole(said("Let me see.", "function_call", function_call=call))))
    assert answer.output == 'Let me see.\n{"tool":"f","arguments":{}}'


def test_a_refusal_is_what_was_said_and_reasoning_is_not() -> None:
    """Callers read the one as the answer, and not the other."""
    answer = one(relayed(chat(), whole(said(None, refusal="No.", reasoning_content="Hm."))))
    assert answer.output == "No."


def test_log_probabilities_of_a_chat_are_read() -> None:
    """One a token, at most 0; a null stands for a number that is not finite."""
    tokens = [{"token": "a", "logprob": value, "bytes": [97]} for value in (-0.5, 1e-7, None)]
    answer = one(relayed(chat(), whole({**said("aaa"), "logprobs": {"content": tokens}})))
    assert answer.token_logprobs is not None
    assert answer.token_logprobs[:2] == (-0.5, 0.0)
    assert math.isnan(answer.token_logprobs[2])


def test_log_probabilities_of_a_text_are_read_without_the_first_null() -> None:
    """The first token of all has none."""
    answer = json.loads(text_answer("ab"))
    answer["choices"][0]["logprobs"] = {"token_logprobs": [None, -0.5, -1], "tokens": ["a"]}
    exchange = one(relayed({"prompt": "x"}, json.dumps(answer).encode(), dialect=Dialect.TEXT))
    assert exchange.token_logprobs == (-0.5, -1.0)
    assert exchange.output_tokens == 2


def test_numbers_that_json_does_not_know_are_read() -> None:
    """Python servers write NaN as it is."""
    body = whole({**said("a"), "logprobs": {"content": [{"logprob": -0.5}, {"logprob": 0}]}})
    answer = one(relayed(chat(), body.replace(b'"logprob": 0', b'"logprob": NaN')))
    assert answer.output == "a"
    assert answer.token_logprobs is not None
    assert math.isnan(answer.token_logprobs[1])


ALTERNATIVES = (-0.1, -3.0, -4.0, -5.0, -6.0)


def test_entropies_of_a_chat_come_from_five_alternatives() -> None:
    """A token with fewer has none; more say nothing more."""
    tops = [[{"token": "a", "logprob": each} for each in ALTERNATIVES], [{"logprob": -0.5}], []]
    tokens = [{"token": "a", "logprob": -0.1, "top_logprobs": top} for top in tops]
    answer = one(relayed(chat(), whole({**said("aaa"), "logprobs": {"content": tokens}})))
    assert answer.token_entropies is not None
    assert answer.token_entropies[0] == entropy.least(ALTERNATIVES)
    assert list(map(math.isnan, answer.token_entropies)) == [False, True, True]


def test_entropies_of_a_text_are_read_without_the_first_null() -> None:
    """It belongs to the first token of all, as the log-probability does."""
    answer = json.loads(text_answer("ab"))
    top = {f"t{index}": each for index, each in enumerate(ALTERNATIVES)}
    answer["choices"][0]["logprobs"] = {"token_logprobs": [None, -0.1], "top_logprobs": [None, top]}
    exchange = one(relayed({"prompt": "x"}, json.dumps(answer).encode(), dialect=Dialect.TEXT))
    assert exchange.token_entropies == (entropy.least(ALTERNATIVES),)


@pytest.mark.parametrize("tops", ["strange", [7, "x"], [{"a": "b"}, None], [None]])
def test_alternatives_of_another_shape_hide_nothing_else(tops: Any) -> None:
    """There are no entropies then."""
    answer = json.loads(text_answer("ab"))
    answer["choices"][0]["logprobs"] = {"token_logprobs": [-1.0, -0.1], "top_logprobs": tops}
    exchange = one(relayed({"prompt": "x"}, json.dumps(answer).encode(), dialect=Dialect.TEXT))
    assert (exchange.token_logprobs, exchange.token_entropies) == ((-1.0, -0.1), None)


def test_documents_of_a_request_are_context() -> None:
    """They are named by their own id or by their number; what has no text is left out."""
    documents = [{"id": "faq", "text": "Open at nine."}, "Closed on Sunday.", {"title": "x"}, 7]
    answer = one(relayed(chat(documents=documents), whole(said("At nine."))))
    assert answer.context == (
        Passage(id="faq", text="Open at nine."),
        Passage(id="2", text="Closed on Sunday."),
    )
    assert one(relayed(chat(documents="x"), whole(said("At nine.")))).context == ()


def test_log_probabilities_of_another_shape_do_not_hide_the_text() -> None:
    """They are unknown then."""
    answer = one(relayed(chat(), whole({**said("a"), "logprobs": {"content": "strange"}})))
    assert (answer.output, answer.token_logprobs) == ("a", None)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("tool_calls", FinishReason.STOP),
        ("content_filter", FinishReason.STOP),
        ("eos_token", FinishReason.STOP),
        ("abort", FinishReason.INCOMPLETE),
        ("error", FinishReason.ERROR),
        ({"type": "stop"}, FinishReason.STOP),
    ],
)
def test_words_for_the_end_are_translated(word: Any, expected: FinishReason) -> None:
    """Each server has its own."""
    assert one(relayed(chat(), whole(said("a", word)))).finish_reason is expected


@pytest.mark.parametrize(
    ("asked", "reason", "expected"),
    [
        ({"max_tokens": 5}, "length", True),
        ({"max_completion_tokens": 5}, "length", True),
        ({}, "length", False),
        ({"max_tokens": 5}, "stop", False),
        ({"stop": ["\n"]}, "stop", True),
        ({"stop_token_ids": [2]}, "stop", True),
        ({"stop": None, "stop_token_ids": []}, "stop", False),
    ],
)
def test_a_callers_limit_or_stop_may_have_ended_the_answer(
    asked: dict[str, Any], reason: str, expected: bool
) -> None:
    """What the answer lacks then is not the version's fault."""
    assert one(relayed(chat(**asked), whole(said("a", reason)))).ended_by_caller is expected


def test_an_answer_that_must_not_end_is_incomplete() -> None:
    """A speed test with `ignore_eos` makes a sound model repeat itself: that is not its fault."""
    answer = whole(said("ha " * 100, "length"))
    found = one(relayed(chat(ignore_eos=True, max_tokens=100), answer))
    assert found.finish_reason is FinishReason.INCOMPLETE
    assert faults.faults(found) == ()


def test_a_text_completion_always_has_a_limit() -> None:
    """Without one of the caller's, the protocol's own of a few tokens."""
    answer = text_answer("a").replace(b"stop", b"length")
    assert one(relayed({"prompt": "x"}, answer, dialect=Dialect.TEXT)).ended_by_caller


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (Ending.ABANDONED, FinishReason.ABANDONED),
        (Ending.BROKEN, FinishReason.INCOMPLETE),
        (Ending.COMPLETE, FinishReason.INCOMPLETE),
    ],
)
@pytest.mark.parametrize("response", [delta(content="Your"), b"", whole(said("Your"))[:-30]])
def test_an_answer_without_its_end_is_incomplete(
    ending: Ending, expected: FinishReason, response: bytes
) -> None:
    """It is on the record, and no outlier."""
    exchange = one(relayed(chat(), response, ending=ending))
    assert exchange.finish_reason is expected
    assert not exchange.is_complete


def test_a_cut_answer_is_incomplete() -> None:
    """What the tee did not keep is not known."""
    exchange = one(relayed(chat(), delta(content="Your"), cut=True))
    assert (exchange.output, exchange.finish_reason) == ("Your", FinishReason.INCOMPLETE)


@pytest.mark.parametrize("ending", [Ending.ABANDONED, Ending.BROKEN])
def test_an_answer_that_came_to_its_end_is_whole(ending: Ending) -> None:
    """Many callers leave with the finish reason and do not wait for what ends the stream."""
    stream = delta(content="Yes.") + delta("stop")
    exchange = one(relayed(chat(), stream, ending=ending))
    assert (exchange.output, exchange.finish_reason) == ("Yes.", FinishReason.STOP)


def test_an_unreadable_event_makes_the_answer_incomplete() -> None:
    """A part of the text may be missing."""
    stream = delta(content="Your") + b"data: {half\n\n" + delta("stop") + DONE
    exchange = one(relayed(chat(), stream))
    assert exchange.finish_reason is FinishReason.INCOMPLETE
    assert exchange.error == "the engine's answer cannot be read"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (500, FinishReason.ERROR),
        (501, FinishReason.ERROR),
        (502, FinishReason.INCOMPLETE),
        (503, FinishReason.INCOMPLETE),
        (504, FinishReason.INCOMPLETE),
        (529, FinishReason.INCOMPLETE),
        (429, FinishReason.INCOMPLETE),
        (400, FinishReason.INCOMPLETE),
        (None, FinishReason.INCOMPLETE),
    ],
)
def test_only_a_failure_of_what_answers_is_a_fault(
    status: int | None, expected: FinishReason
) -> None:
    """An engine that is away, and a request that nobody can answer, are no version's fault."""
    body = b'{"error": {"message": "CUDA error", "type": "InternalServerError"}}'
    exchange = one(relayed(chat(), body, status=status, ending=Ending.FAILED))
    assert (exchange.finish_reason, exchange.error) == (expected, "CUDA error")
    assert exchange.id == "r1"
    assert exchange.tags.get("status") == (None if status is None else str(status))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"object": "error", "message": "bad", "code": 500}', "bad"),
        (b'{"detail": "bad"}', "bad"),
        (b'{"error": "bad", "error_type": "generation"}', "bad"),
        (b"<html>bad</html>", "<html>bad</html>"),
        (b"", "the engine answered 500"),
        (b"x" * 1000, "x" * 499 + "…"),
        (b"\xff", "�"),
    ],
)
def test_an_engines_words_are_kept_in_bounds(body: bytes, expected: str) -> None:
    """Whichever way it wraps them."""
    exchange = one(relayed(chat(), body, status=500, ending=Ending.FAILED))
    assert exchange.error == expected


def test_an_error_in_mid_stream_is_the_engines() -> None:
    """Servers report it as an event, and end the stream in order."""
    error = {"error": {"message": "out of memory", "type": "InternalServerError", "code": 500}}
    exchange = one(relayed(chat(), delta(content="Your") + event(error) + DONE))
    assert exchange.finish_reason is FinishReason.ERROR
    assert (exchange.output, exchange.error) == ("Your", "out of memory")


@pytest.mark.parametrize("given", ["a\nb", "ä", "", "x" * 129, 7, None])
def test_an_unsound_id_is_replaced(given: Any) -> None:
    """By the request's own."""
    assert one(relayed(chat(), whole(said("a"), id=given))).id == "r1"


def test_a_shadow_says_whose_it_is() -> None:
    """It is on the record, and not judged as traffic."""
    exchange = one(relayed(chat(), whole(said("a")), shadow_of="r0"))
    assert exchange.tags == {"request_id": "q1", "relayed_as": "r1", "shadow_of": "r0"}


def test_counts_that_cannot_be_are_unknown() -> None:
    """A server may write anything."""
    usage = {"prompt_tokens": 2**40, "completion_tokens": -1}
    exchange = one(relayed(chat(), whole(said("a"), usage=usage)))
    assert (exchange.prompt_tokens, exchange.output_tokens) == (None, None)


def test_text_that_is_no_unicode_is_made_so() -> None:
    """Half a surrogate pair and bytes that are no UTF-8 are replaced."""
    body = whole(said("a_b_c")).replace(b"a_b_c", b"a\\ud800b\xffc")
    assert one(relayed(chat(), body)).output == "a?b�c"


_SCRAPS = st.sampled_from(
    [
        b'{"choices":',
        b"[",
        b"]",
        b"{",
        b"}",
        b'"delta":',
        b"data: ",
        b"\n\n",
        b"\r",
        b'"',
        b",",
        b":",
        b"null",
        b"NaN",
        b"1e999",
        b'"\\ud800"',
        b"\xff",
        b'"index":',
        b'"logprobs":',
        b'"content":',
        b"[DONE]",
        b'{"error":',
        b"9" * 5000,
        b"[" * 2000,
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "delta",
                    "content",
                    "tool_calls",
                    "function",
                    "index",
                    "text",
                    "logprobs",
                    "finish_reason",
                    "usage",
                    "error",
                    "messages",
                    "prompt",
                    "stop",
                    "n",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
_BYTES = (
    st.binary(max_size=200)
    | st.lists(_SCRAPS, max_size=20).map(b"".join)
    | _JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(_JSON, max_size=4).map(lambda values: b"".join(map(event, values)))
)


@pytest.mark.slow
@given(_BYTES, _BYTES, st.sampled_from(Dialect), st.sampled_from(Ending), st.booleans())
def test_any_bytes_are_read(
    request: bytes, response: bytes, dialect: Dialect, ending: Ending, cut: bool
) -> None:
    """Nothing that a caller or a server sends makes it fail, and the texts can be written."""
    item = relayed(request, response, dialect=dialect, ending=ending, cut=cut)
    for exchange in read(item):
        for text in (exchange.id, exchange.output, exchange.error or "", exchange.prompt):
            text.encode()


@pytest.mark.slow
@given(
    st.text(max_size=80),
    st.lists(st.integers(0, 80), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_where_a_stream_splits_the_text_changes_nothing(
    text: str, cuts: list[int], newline: str
) -> None:
    """The parts make the answer again, whatever is in it."""
    text = text.encode("utf-8", "replace").decode()
    places = sorted(min(cut, len(text)) for cut in cuts)
    parts = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    stream = b"".join(delta(content=part) for part in parts) + delta("stop") + DONE
    stream = stream.replace(b"\n", newline.encode())
    assert one(relayed(chat(), stream)).output == text
    assert HELLO[0]["content"] == one(relayed(chat(), stream)).prompt
