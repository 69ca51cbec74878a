"""Setting fields in the bytes of a JSON object."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.gateway.relay.splice import replace_field, set_fields

NEW = b'"support@3f9a2c1d7b04"'
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["model", '"model":', '\\"model\\":', "\\", '"', "logprobs", "}", "[", "mod\u0065l"]
)
KEYS = st.sampled_from(["model", "lora", "messages", "x"]) | TEXT
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
SPACE = st.text(alphabet=" \t\r\n", max_size=2)


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """Draw a way to write a value: spaces anywhere, characters escaped or not."""
    before, after = draw(SPACE), draw(SPACE)
    if isinstance(value, dict):
        pairs = [
            f"{draw(SPACE)}{draw(word(k))}{draw(SPACE)}:{draw(written(v))}"
            for k, v in value.items()
        ]
        text = "{" + (",".join(pairs) if pairs else draw(SPACE)) + "}"
    elif isinstance(value, list):
        items = [draw(written(item)) for item in value]
        text = "[" + (",".join(items) if items else draw(SPACE)) + "]"
    elif isinstance(value, str):
        text = draw(word(value))
    else:
        text = json.dumps(value)
    return f"{before}{text}{after}"


@st.composite
def word(draw: st.DrawFn, value: str) -> str:
    """Draw a way to write a string."""
    style = draw(st.sampled_from(["plain", "ascii", "all"]))
    if style == "all" and value.isascii():
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in value) + '"'
    return json.dumps(value, ensure_ascii=style == "ascii")


BODIES = st.dictionaries(KEYS, VALUES, max_size=4).flatmap(
    lambda rest: st.tuples(
        st.just({**rest, "model": "support"}), written({**rest, "model": "support"})
    )
)


@pytest.mark.slow
@given(BODIES)
def test_only_the_model_changes(body: tuple[dict[str, Any], str]) -> None:
    """However the body is written, and wherever else the word is: one value is another one now."""
    value, text = body
    raw = text.encode()
    after = set_fields(raw, {"model": NEW}, present="model")
    assert json.loads(after) == {**value, "model": json.loads(NEW)}
    before, _, behind = after.partition(NEW)
    assert raw.startswith(before)
    assert raw.endswith(behind)
    assert json.loads(raw[len(before) : len(raw) - len(behind)]) == "support"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"model":"a"}', b'{"model":N}'),
        (b' { "model" :\n"a" , "x":[] }', b' { "model" :\nN , "x":[] }'),
        (b'{"x":{"model":"b"},"model":"a"}', b'{"x":{"model":"b"},"model":N}'),
        (b'{"model":"a","x":{"model":"b"}}', b'{"model":N,"x":{"model":"b"}}'),
        (b'{"x":"\\"model\\":","model":"a"}', b'{"x":"\\"model\\":","model":N}'),
        (b'{"x":"model","model":"a"}', b'{"x":"model","model":N}'),
        (b'{"x":["model"],"model":"a"}', b'{"x":["model"],"model":N}'),
        (b'{"model":"model"}', b'{"model":N}'),
        (b'{"x":"{\\\\","model":"a"}', b'{"x":"{\\\\","model":N}'),
        (b'{"mod\\u0065l":"a"}', b'{"mod\\u0065l":N}'),
        (
            b'{"\\u006D\\u006f\\u0064\\u0065\\u006C":"a"}',
            b'{"\\u006D\\u006f\\u0064\\u0065\\u006C":N}',
        ),
        (b'{"model":"\\u0061"}', b'{"model":N}'),
        (b'{"model":"\\"}"}', b'{"model":N}'),
    ],
)
def test_the_model_is_found(before: bytes, after: bytes) -> None:
    """At the top of the object, and nowhere else."""
    assert set_fields(before, {"model": b"N"}, present="model") == after


def test_a_name_that_is_there_twice_is_set_twice() -> None:
    """Parsers differ in which one counts: no version can hide behind another's name."""
    body = b'{"model":"a","x":1,"model":{"y":[1,"]"]},"mod\\u0065l":3.5e1}'
    assert set_fields(body, {"model": b"N"}) == b'{"model":N,"x":1,"model":N,"mod\\u0065l":N}'


def test_a_field_that_is_missing_is_put_first() -> None:
    """The rest follows as it was."""
    fields = {"model": b"N", "lora": b"[1]", "logprobs": b"true"}
    body = b'\n{ "model":"a","x":{"lora":2}}'
    assert set_fields(body, fields, present="model") == (
        b'\n{"lora":[1],"logprobs":true, "model":N,"x":{"lora":2}}'
    )


@pytest.mark.parametrize("body", [b"{}", b"{ }", b" {\n} "])
def test_an_empty_object_gets_no_comma(body: bytes) -> None:
    """What comes out is JSON."""
    assert json.loads(set_fields(body, {"lora": b"1"})) == {"lora": 1}


def test_a_field_is_replaced_at_its_depth_only() -> None:
    """Wherever it is there, and whatever its value is."""
    body = b'{"logprobs":1,"choices":[{"logprobs":{"a":[{"logprobs":"}"}]}},{"logprobs":null}]}'
    assert replace_field(body, "logprobs", b"null", depth=3) == (
        b'{"logprobs":1,"choices":[{"logprobs":null},{"logprobs":null}]}'
    )


@pytest.mark.parametrize("text", [b'{"a":{"b":{"x":', b'{"a":{"b":{"x":{"y"', b'{"a":{"b":{"x":"y'])
def test_what_is_not_json_is_told(text: bytes) -> None:
    """A value without an end."""
    with pytest.raises(ValueError, match="not valid JSON"):
        replace_field(text, "x", b"null", depth=3)
