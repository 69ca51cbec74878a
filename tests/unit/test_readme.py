"""What the README shows is what the product takes."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from guards import golden
from monitor import config
from rollback import policy

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", README, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def test_the_configuration_is_accepted(tmp_path: Path) -> None:
    """Every key of the README's YAML is known, and its policy can be used."""
    (text,) = blocks("yaml")
    file = tmp_path / "backstop.yaml"
    file.write_text(text)
    read = config.load(file)
    section = read.deployments["support"].policy
    assert isinstance(section, dict)
    assert policy.parse(section).line == 100_000
    assert yaml.safe_load(text).keys() <= config.Config.model_fields.keys()


def test_the_golden_cases_are_accepted() -> None:
    """Every line of the README's golden file is a case."""
    (text,) = blocks("json")
    assert [case.id for case in golden.parse_cases(text)] == ["refund-1", "hours-1"]
