"""Tests of promptfoo: a configuration in YAML or JSON with `prompts` and `tests`.

Source: promptfoo's reference of its configuration and of assertions, deterministic and by model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import yaml

from guards import golden, jsontext
from guards.golden_case import GoldenCase, GoldenSetError
from guards.golden_formats import fields, promptfoo_assertions
from guards.golden_formats.fields import Record

_CONFIG = frozenset({"prompts", "tests", "description", "providers", "targets", "defaultTest"})
_TEST = frozenset({"description", "vars", "assert"})
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")


def cases(text: str) -> tuple[GoldenCase, ...]:
    """Return a case for each test and prompt. Raises `GoldenSetError`.

    Which model answers (`providers`) is no matter of a golden set.
    """
    return golden.gathered(_placed(text))


def _placed(text: str) -> Iterator[tuple[str, Callable[[], GoldenCase]]]:
    config, lines = _read(text)
    fields.only(config, _CONFIG)
    defaults = config.get("defaultTest") or {}
    fields.only(defaults, _TEST)
    prompts = _prompts(config.get("prompts"))
    tests = config.get("tests")
    if not isinstance(tests, list):
        raise GoldenSetError("the field 'tests' must be a list: files and generators are not read")
    for number, test in enumerate(tests, start=1):
        place = f"test {number}" + (f" (line {lines[number - 1]})" if lines else "")
        for prompt in prompts:
            yield place, partial(_case, prompt, test, defaults)


def _read(text: str) -> tuple[Mapping[str, Any], list[int]]:
    """Return the configuration, and the line at which each test begins."""
    try:
        config = yaml.safe_load(text)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise GoldenSetError(f"no YAML or JSON: {' '.join(str(error).split())}") from error
    if not isinstance(config, dict):
        raise GoldenSetError("no configuration of promptfoo: `prompts` and `tests` are asked for")
    return config, _lines(tree)


def _lines(tree: Any) -> list[int]:
    for key, value in tree.value:
        if key.value == "tests" and isinstance(value, yaml.SequenceNode):
            return [each.start_mark.line + 1 for each in value.value]
    return []


def _prompts(prompts: Any) -> list[str]:
    told = [prompts] if isinstance(prompts, str) else prompts
    if not isinstance(told, list) or not told or not all(isinstance(each, str) for each in told):
        raise GoldenSetError("the field 'prompts' must be a list of texts")
    for prompt in told:
        if prompt.startswith("file://") or re.search(r"\.(txt|json|md|py|js|ts)\Z", prompt):
            raise GoldenSetError(
                f"the field 'prompts' names the file {prompt!r}: write its text there"
            )
    return told


def _case(prompt: str, test: Any, defaults: Mapping[str, Any]) -> GoldenCase:
    if not isinstance(test, dict):
        raise GoldenSetError("it must be an object with vars and assert")
    fields.only(test, _TEST)
    variables = {**(defaults.get("vars") or {}), **(test.get("vars") or {})}
    _require_plain(variables)
    asserted = [*(defaults.get("assert") or ()), *(test.get("assert") or ())]
    if not asserted:
        raise GoldenSetError("the field 'assert' is missing: such a test passes whatever is said")
    expected = [
        promptfoo_assertions.expectation(each, lambda text: _filled(text, variables))
        for each in asserted
    ]
    record = {
        **_asked(_filled(prompt, variables)),
        "expectation": expected[0] if len(expected) == 1 else {"kind": "all", "of": expected},
    }
    return fields.case_with_id("promptfoo", record)


def _require_plain(variables: Mapping[str, Any]) -> None:
    for name, value in variables.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise GoldenSetError(f"the field 'vars.{name}' must be a text or a number")
        if isinstance(value, str) and value.startswith("file://"):
            raise GoldenSetError(f"the field 'vars.{name}' names a file: write its text there")


def _filled(text: str, variables: Mapping[str, Any]) -> str:
    """Return a template with its variables put in; only plain `{{name}}` is known."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in variables:
            raise GoldenSetError(f"the field 'vars' has no {name!r}, which the prompt asks for")
        return str(variables[name])

    if _TEMPLATE.search(_VARIABLE.sub("", text)):
        raise GoldenSetError(f"the template {text[:60]!r} has more in it than plain {{{{name}}}}")
    return _VARIABLE.sub(value, text)


def _asked(prompt: str) -> Record:
    """Return a conversation: a prompt in JSON is one, any other text is what the user says."""
    if prompt.lstrip().startswith("["):
        try:
            turns = jsontext.parse(prompt)
        except ValueError:
            return {"messages": [{"role": "user", "content": prompt}]}
        return {"messages": turns}
    return {"messages": [{"role": "user", "content": prompt}]}
