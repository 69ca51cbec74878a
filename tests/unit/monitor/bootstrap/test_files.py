"""The files that a configuration names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from guards.declared import Declared, Prices
from monitor import config as configuration
from monitor.bootstrap import files
from monitor.config import Config
from monitor.errors import ConfigError

CASE = '{"id": "a", "prompt": "is one a number?", "expect": "yes"}\n'


def configured(folder: Path, deployment: str, **contents: str) -> Config:
    """Return a configuration of one deployment, with the files that it names."""
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "config.json").write_text("{}")
    for name, content in contents.items():
        (folder / name).write_text(content)
    path = folder / "backstop.yaml"
    path.write_text(f"engine: {{model: model}}\ndeployments: {{support: {deployment}}}")
    return configuration.load(path)


def test_good_files_are_read(tmp_path: Path) -> None:
    """Policy, schema and golden set, from files or in place."""
    read = files.read(
        configured(
            tmp_path,
            "{policy: p, response_schema: s, golden: g}",
            p="margin: 0.1",
            s='{"type": "object"}',
            g=CASE,
        )
    )["support"]
    assert read.policy.margin == 0.1
    assert read.response_schema == {"type": "object"}
    assert read.golden is not None
    assert len(read.golden) == 1


SIGNALS = Path(__file__).parents[4] / "docs" / "signals.md"


def test_what_is_declared_of_answers_is_read_as_it_is_documented(tmp_path: Path) -> None:
    """Expressions, citation and prices, from the page's own example."""
    (shown,) = re.findall(r"```yaml\n(.*?)```", SIGNALS.read_text(), re.DOTALL)
    section = yaml.safe_load(shown)["deployments"]["support"]
    read = files.read(configured(tmp_path, json.dumps(section)))
    assert files.declared(read) == {
        "support": Declared(
            must_match=(r"\bA-\d{4,}\b",),
            must_not_match=(r"(?i)\bguarantee",),
            citation=r"\[\d+\]",
            prices=Prices(prompt=0.15, output=0.6),
        )
    }


def test_nothing_is_declared_where_nothing_is_configured(tmp_path: Path) -> None:
    """Answers of such a deployment need no looking at."""
    assert files.declared(files.read(configured(tmp_path, "{}"))) == {}


@pytest.mark.parametrize("key", ["must_match", "must_not_match"])
def test_a_malformed_expression_is_refused_with_the_deployment(tmp_path: Path, key: str) -> None:
    """Before anything is started."""
    with pytest.raises(ConfigError, match=r"deployments\.support: the pattern '\(' is malformed"):
        files.read(configured(tmp_path, json.dumps({key: ["("]})))


@pytest.mark.parametrize(
    "section",
    [
        {"prices": {"prompt": -1, "output": 1}},
        {"prices": {"prompt": 1}},
        {"prices": {"prompt": 1, "output": 1, "cache": 1}},
        {"must_match": "A"},
        {"citation": 7},
    ],
)
def test_a_declaration_of_another_shape_is_refused(
    tmp_path: Path, section: dict[str, object]
) -> None:
    """Prices are two numbers of at least 0, expressions a list of texts."""
    with pytest.raises(ConfigError, match="support"):
        configured(tmp_path, json.dumps(section))


@pytest.mark.parametrize(
    ("deployment", "content", "sentence"),
    [
        ("{policy: f}", None, "/f: no such file"),
        ("{policy: f}", "marign: 0.1", "/f, line 1: .*marign.*margin"),
        ("{policy: f}", "margin: wide", "/f, line 1: .*margin"),
        ("{policy: {marign: 0.1}}", None, r"deployments\.support\.policy: .*marign.*margin"),
        ("{response_schema: f}", None, "/f: no such file"),
        ("{response_schema: f}", "{", "/f: is not JSON"),
        ("{response_schema: f}", '{"type": "thing"}', "/f: is no JSON Schema"),
        ("{response_schema: f}", "true", "/f: must hold a JSON Schema object"),
        ("{response_schema: f}", "[1]", "/f: is no JSON Schema"),
        ("{golden: f}", None, "/f: no such file"),
        ("{golden: f}", "", "/f: there is no case in it"),
        ("{golden: f}", CASE + CASE, "/f: .*line 2"),
        ("{golden: f}", '{"id": "a"}', "/f: .*line 1"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(
    tmp_path: Path, deployment: str, content: str | None, sentence: str
) -> None:
    """One sentence, before anything is started."""
    contents = {} if content is None else {"f": content}
    with pytest.raises(ConfigError, match=sentence):
        files.read(configured(tmp_path, deployment, **contents))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 cannot be read."""
    read = configured(tmp_path, "{golden: f}", f="")
    (tmp_path / "f").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="/f: cannot be read"):
        files.read(read)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    """The sentence says what should be there."""
    read = configured(tmp_path, "{}")
    (tmp_path / "model" / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"engine\.model: .*config\.json is missing"):
        files.read(read)


@pytest.mark.parametrize("missing", ["config.json", "*.safetensors"])
def test_a_base_folder_without_a_model_is_named(tmp_path: Path, missing: str) -> None:
    """In front of a server too: what is wrong is told before anything is started."""
    (tmp_path / "model").mkdir()
    for name in {"config.json", "model.safetensors"} - {missing.replace("*", "model")}:
        (tmp_path / "model" / name).write_text("{}")
    path = tmp_path / "backstop.yaml"
    path.write_text(
        "engine: {kind: vllm, url: 'http://127.0.0.1:1', model: llama, folder: model}\n"
        "deployments: {support: {}}"
    )
    with pytest.raises(ConfigError, match=rf"engine\.folder: .*{re.escape(missing)} is missing"):
        files.read(configuration.load(path))


def test_an_embedder_that_is_not_there_is_found_before_anything_starts(tmp_path: Path) -> None:
    """The folder is named as the configuration means it: beside the configuration."""
    configured(tmp_path, "{}")
    path = tmp_path / "backstop.yaml"
    path.write_text(path.read_text() + "\nembedder: {kind: folder, path: encoder}")
    with pytest.raises(ConfigError, match=f"embedder: {tmp_path}/encoder/modules.json"):
        files.read(configuration.load(path))
