"""Golden sets in other tools' formats: carried over without loss, or refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from guards.golden import GoldenCase, GoldenSetError, parse_cases, to_lines
from guards.golden_formats import formats
from guards.grading import grade


def lines(*records: Any) -> str:
    """Return JSON Lines."""
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records)


def passes(case: GoldenCase, output: str) -> bool:
    """Tell whether an answer meets a case wholly."""
    return grade(case.expectation, output).normalized == 1.0


# ------------------------------------------------------------ lm-evaluation-harness

WRITTEN = {
    "doc_id": 7,
    "doc": {"question": "2+2?"},
    "target": "4",
    "arguments": {
        "gen_args_0": {
            "arg_0": "Q: 2+2?\nA:",
            "arg_1": {"until": ["\n", "Q:"], "do_sample": False, "max_gen_toks": 32},
        }
    },
    "resps": [["5"]],
    "filtered_resps": ["5"],
    "filter": "none",
    "metrics": ["exact_match"],
    "doc_hash": "d",
    "prompt_hash": "p",
    "target_hash": "t",
    "exact_match": 0.0,
}
CHOSEN = {
    "doc_id": 0,
    "doc": {},
    "target": 1,
    "arguments": [["Capital of Japan:", " Kyoto"], ["Capital of Japan:", " Tokyo"]],
    "filter": "none",
    "metrics": ["acc", "acc_norm"],
}


def test_a_generated_sample_keeps_its_prompt_stop_strings_and_target() -> None:
    """What a model once answered is not part of a case."""
    (case,) = formats.read(lines(WRITTEN))
    assert case.id == "doc-7"
    assert [(each.role, each.content) for each in case.messages] == [("prompt", "Q: 2+2?\nA:")]
    assert (case.stop, case.max_tokens) == (("\n", "Q:"), 32)
    assert case.expectation == {"kind": "exact", "value": "4", "strict": True}
    assert passes(case, "4")
    assert not passes(case, " 4")


def test_a_chosen_sample_becomes_multiple_choice() -> None:
    """The target is the place of the right choice, as a number, a digit or the text itself."""
    for target in (1, "1", "Tokyo", " Tokyo"):
        (case,) = formats.read(lines({**CHOSEN, "target": target}))
        assert case.expectation == {
            "kind": "multiple_choice",
            "values": [" Kyoto", " Tokyo"],
            "value": " Tokyo",
        }


def test_a_scored_sample_becomes_a_likelihood() -> None:
    """A single continuation measured by its perplexity."""
    sample = {**CHOSEN, "arguments": [["He went to", " Köln"]], "metrics": ["perplexity", "acc"]}
    (case,) = formats.read(lines(sample))
    assert case.expectation == {"kind": "reference_logprob", "value": " Köln"}


def test_a_prompt_made_for_a_chat_api_becomes_messages() -> None:
    """As the harness writes it with --apply_chat_template."""
    told = json.dumps([{"role": "user", "content": "2+2?", "type": "text"}])
    arguments = {"gen_args_0": {"arg_0": [told], "arg_1": {"until": []}}}
    (case,) = formats.read(lines({**WRITTEN, "arguments": arguments}))
    assert [(each.role, each.content) for each in case.messages] == [("user", "2+2?")]


def _with_setting(**changes: Any) -> dict[str, Any]:
    arguments = {"gen_args_0": {"arg_0": "Q", "arg_1": {"until": ["\n"], **changes}}}
    return {**WRITTEN, "arguments": arguments}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"filter": "strict-match"}, "the field 'filter' is 'strict-match'"),
        ({"metrics": ["bleu"]}, "the field 'metrics' .bleu."),
        ({"target": ["4", "four"]}, "the field 'target' must be a text"),
        ({"arguments": {}}, "the field 'arguments' holds no request"),
        ({"arguments": [["Q"]]}, "the field 'arguments' must hold"),
        (_with_setting(do_sample=True), "sets do_sample to True"),
        (_with_setting(temperature=0.7), "sets temperature to 0.7"),
        ({**CHOSEN, "target": 2}, "the field 'target' .2. names none"),
        ({**CHOSEN, "metrics": ["mcc"]}, "the field 'metrics' .mcc."),
        ({**CHOSEN, "arguments": [["A", "x"], ["B", "y"]]}, "different contexts"),
    ],
)
def test_what_a_sample_cannot_carry_over_is_named(changes: dict[str, Any], says: str) -> None:
    """With its line and field, and nothing is imported."""
    bad = {**WRITTEN, **changes, "doc_id": 8}
    with pytest.raises(GoldenSetError, match=says) as caught:
        formats.read(lines(WRITTEN, bad))
    assert "nothing was imported: line 2: " in str(caught.value)


# ------------------------------------------------------------ OpenAI evals

EVAL = {"input": [{"role": "user", "content": "2+2?"}], "ideal": ["4", "four"]}


def test_an_eval_s_sample_is_graded_as_its_class_does() -> None:
    """`Match` asks how the answer begins, `Includes` what is in it."""
    (match,) = formats.read(lines(EVAL))
    assert match.messages[0].role == "user"
    assert passes(match, "four, of course")
    assert not passes(match, "It is 4.")
    (includes,) = formats.read(lines(EVAL), "openai-evals-includes")
    assert passes(includes, "It is 4.")
    assert not passes(includes, "It is five.")


def test_ideals_are_taken_literally_in_any_script() -> None:
    """They are no patterns, and Japanese is text like any other."""
    (case,) = formats.read(lines({"input": "東京?", "ideal": "はい(yes)."}))
    assert (case.messages[0].role, passes(case, "はい(yes). です")) == ("prompt", True)
    assert not passes(case, "はい(yes)!")


def test_ids_come_from_the_content() -> None:
    """They stay when lines move, and the same sample twice is refused."""
    other = {**EVAL, "ideal": "5"}
    first = formats.read(lines(EVAL, other))
    second = formats.read(lines(other, EVAL))
    assert {case.id for case in first} == {case.id for case in second}
    with pytest.raises(GoldenSetError, match=r"line 2: the id .* is that of line 1 too"):
        formats.read(lines(EVAL, EVAL))


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        ({**EVAL, "metadata": {}}, "the field 'metadata' cannot be carried over"),
        ({**EVAL, "ideal": []}, "the field 'ideal' must be"),
        ({**EVAL, "ideal": 4}, "the field 'ideal' must be"),
        ({**EVAL, "input": 4}, "the field 'input' must be"),
        ({**EVAL, "input": [{"role": "system", "content": "x", "name": "example_user"}]}, "'name'"),
        ({**EVAL, "input": [{"role": "user"}]}, "messages must be a list"),
    ],
)
def test_what_an_eval_cannot_carry_over_is_named(sample: dict[str, Any], says: str) -> None:
    """With its line and field."""
    with pytest.raises(GoldenSetError, match=says) as caught:
        formats.read(lines(EVAL, sample), "openai-evals")
    assert "line 2: " in str(caught.value)


# ------------------------------------------------------------ promptfoo


def config(*assertions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a configuration with one test."""
    test = {"vars": {"city": "Tokyo"}, "assert": list(assertions), **changes}
    return {"prompts": ["Where is {{city}}?"], "providers": ["openai:x"], "tests": [test]}


def foo(*assertions: dict[str, Any]) -> GoldenCase:
    """Return the case of a test with some assertions."""
    (case,) = formats.read(yaml.safe_dump(config(*assertions), allow_unicode=True))
    return case


@pytest.mark.parametrize(
    ("assertion", "good", "bad"),
    [
        ({"type": "equals", "value": "Japan"}, "Japan", "japan"),
        ({"type": "equals", "value": {"a": 1}}, '{"a": 1}', '{"a": 1, "b": 2}'),
        ({"type": "not-equals", "value": "Japan"}, "japan", "Japan"),
        ({"type": "contains", "value": "Japan"}, "in Japan.", "in japan."),
        ({"type": "not-contains", "value": "Japan"}, "in japan.", "in Japan."),
        ({"type": "icontains", "value": "Japan"}, "in JAPAN.", "in Peru."),
        ({"type": "not-icontains", "value": "Japan"}, "in Peru.", "in JAPAN."),
        ({"type": "contains-any", "value": ["a.b", "c"]}, "c", "axb"),
        ({"type": "contains-all", "value": ["a", "c"]}, "ca", "c"),
        ({"type": "icontains-any", "value": ["A", "C"]}, "c", "b"),
        ({"type": "icontains-all", "value": ["A", "C"]}, "ca", "c"),
        ({"type": "starts-with", "value": "In"}, "In Japan", "Yes, In Japan"),
        ({"type": "regex", "value": "J[a-z]+n"}, "in Japan", "in Jp"),
        ({"type": "regex", "value": "(?<x>a)"}, "a", "b"),
        ({"type": "is-json"}, "[1]", "```\n[1]\n```"),
        ({"type": "is-json", "value": {"required": ["a"]}}, '{"a": 1}', "{}"),
        ({"type": "not-is-json"}, "Japan", "[1]"),
        ({"type": "contains", "value": "{{city}}"}, "Tokyo", "{{city}}"),
        ({"type": "contains", "value": "日本"}, "日本です", "にほんです"),
        ({"type": "contains", "value": "Ａ"}, "Ａ", "A"),
        ({"type": "equals", "value": 4}, "4", "four"),
    ],
)
def test_an_assertion_grades_as_it_does_in_promptfoo(
    assertion: dict[str, Any], good: str, bad: str
) -> None:
    """As it is: neither more strictly nor more kindly."""
    case = foo(assertion)
    assert case.messages[0].content == "Where is Tokyo?"
    assert passes(case, good)
    assert not passes(case, bad)


def test_several_assertions_must_all_hold() -> None:
    """Those of `defaultTest` too, whose variables a test may replace."""
    told = config({"type": "contains", "value": "a"}, {"type": "contains", "value": "b"})
    told["defaultTest"] = {"vars": {"city": "x"}, "assert": [{"type": "contains", "value": "c"}]}
    (case,) = formats.read(json.dumps(told))
    assert passes(case, "cab")
    assert not passes(case, "ab")
    assert case.messages[0].content == "Where is Tokyo?"


def test_similar_keeps_its_threshold() -> None:
    """Promptfoo's own is 0.75."""
    assert foo({"type": "similar", "value": "Japan"}).expectation["threshold"] == 0.75
    assert foo({"type": "similar", "value": "Japan", "threshold": 0.9}).expectation == {
        "kind": "similarity",
        "values": ["Japan"],
        "threshold": 0.9,
    }


def test_each_prompt_makes_a_case_of_each_test() -> None:
    """A prompt in JSON is a conversation."""
    told = config({"type": "equals", "value": "Japan"})
    told["prompts"].append(
        '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{city}}"}]'
    )
    plain, talk = formats.read(yaml.safe_dump(told))
    assert [each.role for each in plain.messages] == ["user"]
    assert [each.content for each in talk.messages] == ["Be brief.", "Tokyo"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda told: told["tests"][0]["assert"].append({"type": "javascript", "value": "1"}),
            "the type 'javascript' in 'assert' is not supported",
        ),
        (
            lambda told: told["tests"][0]["assert"].append({"type": "llm-rubric", "value": "1"}),
            "the type 'llm-rubric'",
        ),
        (
            lambda told: told["tests"][0]["assert"].append(
                {"type": "equals", "value": "a", "weight": 2}
            ),
            "the weight of 'equals'",
        ),
        (
            lambda told: told["tests"][0]["assert"].append(
                {"type": "equals", "value": "a", "threshold": 1}
            ),
            "the threshold of 'equals'",
        ),
        (
            lambda told: told["tests"][0]["assert"].append(
                {"type": "equals", "value": "a", "metric": "m"}
            ),
            "the field 'metric'",
        ),
        (
            lambda told: told["tests"][0]["assert"].append({"type": "equals", "value": "file://a"}),
            "names a file",
        ),
        (
            lambda told: told["tests"][0]["assert"].append({"type": "regex", "value": "(?<=a+)("}),
            "malformed",
        ),
        (lambda told: told["tests"][0]["assert"].clear(), "the field 'assert' is missing"),
        (lambda told: told["tests"][0].update(options={}), "the field 'options'"),
        (lambda told: told["tests"][0].update(threshold=0.5), "the field 'threshold'"),
        (lambda told: told["tests"][0].update(vars={"city": ["a", "b"]}), "the field 'vars.city'"),
        (lambda told: told["tests"][0].update(vars={}), "the field 'vars' has no 'city'"),
        (lambda told: told.update(prompts=["{{ city | upper }}"]), "more in it than plain"),
        (lambda told: told.update(prompts=["{% if city %}x{% endif %}"]), "more in it than plain"),
        (
            lambda told: told.update(prompts=["file://prompt.txt"]),
            "the field 'prompts' names the file",
        ),
        (lambda told: told.update(prompts=None), "the field 'prompts' must be"),
        (lambda told: told.update(tests="tests.csv"), "the field 'tests' must be a list"),
        (lambda told: told.update(scenarios=[]), "the field 'scenarios'"),
    ],
)
def test_what_a_test_cannot_carry_over_is_named(
    change: Callable[[dict[str, Any]], object], says: str
) -> None:
    """By its field, and a test's by its number and line."""
    told = config({"type": "equals", "value": "Japan"})
    change(told)
    with pytest.raises(GoldenSetError, match=says):
        formats.read(yaml.safe_dump(told), "promptfoo")


def test_a_test_that_cannot_be_carried_over_is_named_by_its_line() -> None:
    """As an editor counts them."""
    text = (
        "prompts: ['{{q}}']\ntests:\n- vars: {q: a}\n  assert: [{type: equals, value: a}]\n"
        "- vars: {q: b}\n  assert: [{type: python, value: a}]\n"
    )
    with pytest.raises(GoldenSetError, match=r"nothing was imported: test 2 \(line 5\): the type"):
        formats.read(text)


# ------------------------------------------------------------ all of them


def test_formats_are_told_apart_by_their_beginning() -> None:
    """Without a word from the operator."""
    told = config({"type": "equals", "value": "Japan"})
    own = {"id": "a", "prompt": "2+2", "expect": "4"}
    assert formats.recognized(lines(WRITTEN)) == "lm-eval"
    assert formats.recognized(lines(EVAL)) == "openai-evals"
    assert formats.recognized(lines(own)) == "backstop"
    assert formats.recognized("") == "backstop"
    for text in (yaml.safe_dump(told), json.dumps(told), json.dumps(told, indent=2)):
        assert formats.recognized(text) == "promptfoo"


def test_an_unknown_format_is_refused() -> None:
    """With those there are."""
    with pytest.raises(GoldenSetError, match="use one of auto, backstop, lm-eval, promptfoo"):
        formats.read("", "csv")


@pytest.mark.parametrize("text", ["- [", "{}", "tests: {", "prompts: [a]\ntests: [1]"])
def test_a_file_that_is_no_configuration_is_refused(text: str) -> None:
    """In one sentence."""
    with pytest.raises(GoldenSetError):
        formats.read(text, "promptfoo")


def test_what_was_read_can_be_written_in_backstop_s_own_format() -> None:
    """That is how the command sends it: nothing is lost on the way."""
    own = {
        "id": "a",
        "messages": [{"role": "user", "content": "返金?"}],
        "expect": {"kind": "tool_call", "name": "refund"},
        "slice": "s",
        "critical": True,
        "tools": [{"type": "function", "function": {"name": "refund", "parameters": {}}}],
        "context": "14 days",
        "stop": ["\n"],
        "max_tokens": 9,
    }
    sets = [lines(own), lines(WRITTEN, {**WRITTEN, "doc_id": 8}), lines(CHOSEN), lines(EVAL)]
    for text in sets:
        cases = formats.read(text)
        assert parse_cases(to_lines(cases)) == cases
