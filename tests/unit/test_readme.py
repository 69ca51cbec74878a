"""What the README shows is what the product takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from guards import golden
from monitor import config
from rollback import policy

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", README, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_configurations_are_accepted(tmp_path: Path, text: str) -> None:
    """Every key of the README's YAML is known."""
    file = tmp_path / "backstop.yaml"
    file.write_text(text)
    assert config.load(file).deployments.keys() == {"support"}


def test_the_policy_is_accepted() -> None:
    """The one policy that the README shows can be used, and says what it says there."""
    (section,) = [
        deployment["policy"]
        for text in blocks("yaml")
        for deployment in yaml.safe_load(text)["deployments"].values()
        if "policy" in deployment
    ]
    assert policy.parse(section).line == 100_000


def test_the_golden_cases_are_accepted() -> None:
    """Every line of the README's golden file is a case."""
    (text,) = blocks("json")
    assert [case.id for case in golden.parse_cases(text)] == ["refund-1", "hours-1"]
