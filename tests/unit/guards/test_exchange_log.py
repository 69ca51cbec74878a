"""The exchange log."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guards import exchange_log
from guards.exchange import Exchange, FinishReason, Message, Passage
from guards.exchange_fields import BadExchange
from guards.exchange_log import Logged
from tests.unit.guards.samples import NOON, asked, exchange

LEAST = {"prompt": "Where is my order?", "output": "On its way."}


def read(value: Any, deployment: str | None = "support") -> Logged:
    """Read an object of a log that came at noon."""
    return exchange_log.read(value, deployment=deployment, started_at=NOON)


def test_prompt_and_output_are_enough() -> None:
    """What is missing is unknown, and whoever reads the log says whose it is."""
    logged = read(LEAST)
    assert logged.exchange == Exchange(
        id=logged.exchange.id,
        deployment="support",
        started_at=NOON,
        messages=(Message(role="prompt", content="Where is my order?"),),
        output="On its way.",
    )
    assert (logged.names_adapter, logged.shadow) == (False, None)


def test_a_whole_line_is_read() -> None:
    """Every field of the format."""
    line = {
        "id": "x7",
        "deployment": "billing",
        "adapter": "billing@3f9a2c1d7b04",
        "started_at": "2025-06-01T14:00:00+02:00",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        "output": "",
        "latency_s": 1,
        "first_token_s": 0.25,
        "prompt_tokens": 3,
        "output_tokens": 0,
        "token_logprobs": [-0.5, 0, None],
        "token_entropies": [0, 1.5, None],
        "context": ["Open at nine.", {"id": "faq", "text": "Closed on Sunday."}],
        "finish_reason": "length",
        "error": None,
        "ended_by_caller": True,
        "caller": "c1",
        "grade": 0.5,
        "tags": {"route": "a"},
    }
    found = exchange_log.parse(json.dumps(line), deployment="support", started_at=NOON)
    each = found.exchange
    assert (each.id, each.deployment, each.adapter) == ("x7", "billing", "billing@3f9a2c1d7b04")
    assert each.started_at == NOON
    assert each.messages == (Message(role="user", content="Hello"),)
    assert (each.latency_s, each.first_token_s, each.grade) == (1.0, 0.25, 0.5)
    assert (each.prompt_tokens, each.output_tokens) == (3, 0)
    assert each.token_logprobs is not None
    assert each.token_logprobs[:2] == (-0.5, 0.0)
    assert math.isnan(each.token_logprobs[2])
    assert each.token_entropies is not None
    assert each.token_entropies[:2] == (0.0, 1.5)
    assert math.isnan(each.token_entropies[2])
    assert each.context == (
        Passage(id="1", text="Open at nine."),
        Passage(id="faq", text="Closed on Sunday."),
    )
    assert (each.finish_reason, each.ended_by_caller) == (FinishReason.LENGTH, True)
    assert (each.caller, each.tags) == ("c1", {"route": "a"})
    assert found.names_adapter


def test_a_shadow_is_an_exchange_of_its_own() -> None:
    """It answers the same prompt, and says whose shadow it is."""
    shadow = {"adapter": None, "output": "Soon.", "grade": 1}
    logged = read({**LEAST, "id": "x7", "adapter": "a@1", "latency_s": 2.0, "shadow": shadow})
    assert logged.shadow == Exchange(
        id="x7#shadow",
        deployment="support",
        started_at=NOON,
        messages=logged.exchange.messages,
        output="Soon.",
        grade=1.0,
        tags={"shadow_of": "x7"},
    )


def test_without_an_id_the_content_names_it() -> None:
    """Reading a log again gives the same ids, and other content another one."""
    first, again, other = read(LEAST), read(dict(LEAST)), read({**LEAST, "output": "Soon."})
    assert first.exchange.id == again.exchange.id != other.exchange.id
    assert first.exchange.id != read(LEAST, "billing").exchange.id


def test_a_missing_adapter_is_not_the_base_model() -> None:
    """Null is."""
    assert not read(LEAST).names_adapter
    assert read({**LEAST, "adapter": None}).names_adapter


@pytest.mark.parametrize(
    ("changes", "field", "complaint"),
    [
        ({"output": None}, "output", "is missing"),
        ({"output": 7}, "output", "must be text"),
        ({"prompt": None}, "messages", "or prompt must be there"),
        ({"messages": [{"role": "user", "content": "x"}]}, "messages", "not both"),
        ({"prompt": None, "messages": []}, "messages", "at least one"),
        ({"prompt": None, "messages": [{"content": "x"}]}, "messages[0]", "role and content"),
        ({"started_at": "2025-06-01T12:00:00"}, "started_at", "must say its zone"),
        ({"started_at": "yesterday"}, "started_at", "must be a time"),
        ({"started_at": "0001-01-01T00:00:00Z"}, "started_at", "must not be before"),
        ({"latency_s": -1}, "latency_s", "of at least 0"),
        ({"latency_s": "1"}, "latency_s", "must be a number"),
        ({"latency_s": True}, "latency_s", "must be a number"),
        ({"grade": 1.5}, "grade", "between 0 and 1"),
        ({"prompt_tokens": 1.0}, "prompt_tokens", "must be a whole number"),
        ({"output_tokens": 2**31}, "output_tokens", "must be a whole number"),
        ({"token_logprobs": [-1, 0.5]}, "token_logprobs[1]", "natural logarithm"),
        ({"token_logprobs": "x"}, "token_logprobs", "must be a list"),
        ({"token_entropies": [-0.1]}, "token_entropies[0]", "at least 0 nats"),
        ({"context": "x"}, "context", "must be a list"),
        ({"context": [7]}, "context[0]", "must be text"),
        ({"context": [{"id": "a"}]}, "context[0].text", "is missing"),
        ({"finish_reason": "tired"}, "finish_reason", "must be one of stop, length"),
        ({"id": ""}, "id", "1 to 256 printable"),
        ({"id": "a\nb"}, "id", "1 to 256 printable"),
        ({"tags": {"n": 1}}, "tags.n", "must be text"),
        ({"tags": []}, "tags", "must be an object"),
        ({"ended_by_caller": 1}, "ended_by_caller", "true or false"),
        ({"shadow": "x"}, "shadow", "must be an object"),
        ({"shadow": {"adapter": "a"}}, "shadow.output", "is missing"),
        ({"shadow": {"output": "a", "id": "b"}}, "shadow.id", "is not known"),
        ({"latency": 1}, "latency", "did you mean 'latency_s'?"),
        ({"zebra": 1}, "zebra", "goes under tags"),
        ({"output": "\ud800"}, "output", "half a surrogate pair"),
    ],
)
def test_an_error_names_the_field(changes: dict[str, Any], field: str, complaint: str) -> None:
    """And says what is wrong with it."""
    with pytest.raises(BadExchange) as caught:
        read({**LEAST, **changes})
    assert caught.value.field == field
    assert complaint in str(caught.value)


def test_a_log_without_deployment_needs_one() -> None:
    """From whoever reads it."""
    with pytest.raises(BadExchange, match="name the deployment"):
        read(LEAST, None)


@pytest.mark.parametrize(
    "line", ["", "{", "[]", '{"output": NaN}', b"\xff", '"\\ud800"', "[" * 9999]
)
def test_what_is_no_json_object_is_refused(line: str | bytes) -> None:
    """NaN is none, nor is half a surrogate pair."""
    with pytest.raises(BadExchange):
        exchange_log.parse(line, deployment="support", started_at=NOON)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"adapter": "a@1", "finish_reason": None, "token_logprobs": None, "output_tokens": None},
        {"ended_by_caller": True, "grade": 0.0, "caller": "c", "error": "bad", "tags": {"a": "b"}},
        {"token_entropies": (0.5, 0.0), "context": (Passage(id="a", text="b"),)},
        {"started_at": datetime(2025, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)},
    ],
)
def test_what_is_written_reads_as_it_was(changes: dict[str, Any]) -> None:
    """All but the routing epoch, which means something only where it was."""
    original = exchange("An answer", **changes)
    line = json.dumps(exchange_log.write(original))
    found = exchange_log.parse(line, deployment=None, started_at=NOON)
    assert found.exchange == original


def test_a_shadow_and_a_number_that_is_not_finite_are_written() -> None:
    """JSON has only null for the latter."""
    original = asked("Hello", "Hi", id="x1", token_logprobs=(-0.5, -math.inf))
    shadow = exchange("Ho", adapter="a@1", grade=0.5)
    written = exchange_log.write(original, shadow)
    assert written["token_logprobs"] == [-0.5, None]
    assert written["shadow"] == {"adapter": "a@1", "output": "Ho", "grade": 0.5}
    assert "grade" not in exchange_log.write(original, exchange("Ho"))["shadow"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def read_or_refused(value: dict[str, Any]) -> Logged | None:
    """Return what was read, or nothing where it was refused."""
    try:
        return read(value)
    except BadExchange:
        return None


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(exchange_log.KEYS), _VALUES))
def test_any_object_is_read_or_refused(value: dict[str, Any]) -> None:
    """Nothing else happens, whatever types it has; and what was read can be written."""
    logged = read_or_refused({**LEAST, **value})
    if logged is not None:
        written = exchange_log.write(logged.exchange, logged.shadow)
        assert read(written).exchange.id == logged.exchange.id
