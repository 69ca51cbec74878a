"""Guards out of the configuration."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from guards.checks.judgement import Judgement
from monitor import config
from monitor.bootstrap import guarding
from monitor.cli import main
from monitor.config import Config
from monitor.errors import BadRequest, ConfigError
from tests.handed import exchange

HEAD = "data_dir: data\nengine: {kind: vllm, url: 'http://127.0.0.1:9', model: m}\n"
EMAIL = "anna.schmidt@gmail.com"


def write(folder: Path, guards: str, more: str = "") -> Path:
    """Write a configuration with these guards of `support`."""
    path = folder / "backstop.yaml"
    path.write_text(f"{HEAD}deployments: {{support: {{guards: {guards}{more}}}}}\n")
    return path


def loaded(folder: Path, guards: str, more: str = "") -> Config:
    """Return a configuration with these guards of `support`."""
    return config.load(write(folder, guards, more))


@pytest.mark.parametrize(
    ("guards", "sentence"),
    [
        ("{secret: {}}", "deployments.support.guards.secret: unknown key; did you mean 'secrets'?"),
        ("{shema: {}}", "deployments.support.guards.shema: unknown key; did you mean 'schema'?"),
        ("{secrets: {mode: stop}}", "deployments.support.guards.secrets.mode: Input should be"),
        ("{secrets: {kind: [a]}}", "secrets.kind: unknown key; did you mean 'kinds'?"),
        ("{secrets: {kinds: [aws]}}", "deployments.support.guards.secrets: guard secrets finds no"),
        ("{system_prompt: {words: 1}}", "deployments.support.guards.system_prompt.words: "),
        ("{canary: {}}", "deployments.support.guards.canary: give tokens_file"),
        ("{canary: {tokens: [bkst-1]}}", "guards.canary.tokens: is a secret"),
        ("{canary: {tokens_file: t}}", "guards.canary.tokens_file: cannot read"),
        ("{canary: {tokens_file: short}}", "guards.canary: a canary token is 8 to 128"),
        ("{judge: {url: a, model: m}}", "guards.judge.url: must be http://"),
        ("{judge: {url: 'http://a/v1', model: m, api_key: k}}", "guards.judge.api_key: is a secret"),
        ("{classifier: {folder: none, labels: [x]}}", "guards.classifier.folder: "),
        ("{classifier: {folder: none}}", "guards.classifier.labels: is missing"),
        ("{schema: }", "deployments.support.guards.schema: there is nothing to hold answers"),
    ],
)  # fmt: skip
def test_every_mistake_names_its_place(tmp_path: Path, guards: str, sentence: str) -> None:
    """Found before anything starts, and no secret is shown."""
    (tmp_path / "short").write_text("tiny")
    with pytest.raises(ConfigError) as caught:
        guarding.check(loaded(tmp_path, guards))
    assert sentence in str(caught.value)
    assert "bkst-1" not in str(caught.value)


@pytest.mark.skipif(find_spec("presidio_analyzer") is not None, reason="Presidio is installed")
def test_a_presidio_that_is_not_installed_is_found_before_anything_starts(tmp_path: Path) -> None:
    """With the command that installs it."""
    with pytest.raises(ConfigError, match=r"guards\.presidio: .*pip install"):
        guarding.check(loaded(tmp_path, "{presidio: {}}"))


def test_a_deployment_without_guards_is_named(tmp_path: Path) -> None:
    """An empty table would look like a clean answer."""
    (tmp_path / "text").write_text(EMAIL)
    with pytest.raises(BadRequest, match="'support' has no guards"):
        CliRunner().invoke(
            main.app,
            ["guards", "check", str(tmp_path / "text"), "-c", str(write(tmp_path, "{}"))],
            catch_exceptions=False,
        )


def test_a_name_alone_is_a_guard_that_observes(tmp_path: Path) -> None:
    """Nothing more is needed to see what there is to see."""
    read = loaded(tmp_path, "{secrets: , personal_data: {mode: block}}")
    assert guarding.check(read) == 2
    assert read.deployments["support"].guards.blocks
    assert not loaded(tmp_path, "{secrets: }").deployments["support"].guards.blocks


async def test_blocking_guards_are_one_set_and_the_others_another(tmp_path: Path) -> None:
    """Gateways open the first, the scorer the second; a deployment without any is in neither."""
    read = loaded(tmp_path, "{secrets: {mode: flag}, personal_data: {mode: block}}")
    async with (
        guarding.opened(read, blocking=True) as blocking,
        guarding.opened(read, blocking=False) as others,
    ):
        assert [each.guard.name for each in blocking["support"].applied] == ["personal_data"]
        assert [each.guard.name for each in others["support"].applied] == ["secrets"]
    async with guarding.opened(loaded(tmp_path, "{}"), blocking=True) as none:
        assert none == {}


async def test_canaries_come_from_a_file_and_are_in_no_repr(tmp_path: Path) -> None:
    """One a line; they are secrets."""
    (tmp_path / "canaries").write_text("bkst-7f3a9c21\n\nbkst-00112233\n")
    read = loaded(tmp_path, "{canary: {mode: block, tokens_file: canaries}}")
    async with guarding.opened(read, blocking=True) as sets:
        assert sets["support"].canaries == ("bkst-7f3a9c21", "bkst-00112233")
    assert "bkst-7f" not in repr(read)


def test_canaries_come_from_the_environment_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every secret."""
    name = "BACKSTOP_DEPLOYMENTS__SUPPORT__GUARDS__CANARY__TOKENS"
    monkeypatch.setenv(name, '["bkst-7f3a9c21"]')
    read = loaded(tmp_path, "{canary: {mode: flag}}")
    assert read.deployments["support"].guards.canary is not None
    assert read.deployments["support"].guards.canary.planted("x") == ("bkst-7f3a9c21",)
    assert "bkst-7f" not in repr(read)


async def test_all_configured_guards_look_at_a_text(tmp_path: Path) -> None:
    """Blocking ones and others; each says what it found."""
    read = loaded(tmp_path, "{secrets: {mode: flag}, personal_data: {mode: block}}")
    found: list[Judgement] = []
    await guarding.look(read, [exchange(output=EMAIL)], lambda _row, judged: found.append(judged))
    outcomes = {each.guard: each.outcome.value for each in found[0].reports}
    assert outcomes == {"personal_data": "block", "secrets": "pass"}


def test_the_catalogue_is_listed() -> None:
    """Every name that a configuration may have, with its options."""
    shown = CliRunner().invoke(main.app, ["guards", "--json"])
    names = [each["name"] for each in json.loads(shown.output)]
    known = [info.alias or name for name, info in config.Guards.model_fields.items()]
    assert sorted(names) == sorted(known)


@pytest.mark.parametrize("as_log", [False, True])
def test_a_text_is_tried_and_no_match_is_shown(tmp_path: Path, as_log: bool) -> None:
    """A plain text, or an exchange log; of a match two characters and its length."""
    file = tmp_path / "answers"
    line = json.dumps({"id": "a7", "deployment": "other", "prompt": "?", "output": f"to {EMAIL}"})
    file.write_text(line if as_log else f"to {EMAIL}")
    path = write(tmp_path, "{personal_data: {mode: block}}")
    asked = ["guards", "check", str(file), "--config", str(path), "--json"]
    shown = CliRunner().invoke(main.app, asked)
    assert shown.exit_code == 0
    (row,) = json.loads(shown.output)
    assert row["answer"] == ("a7" if as_log else "text")
    assert (row["kind"], row["excerpt"], row["place"]) == ("email", "an… (22)", "3-25")
    assert EMAIL not in shown.output
