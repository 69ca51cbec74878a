"""The configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor import config
from monitor.errors import ConfigError

GOOD = "engine: {model: m}\ndeployments: {support: {}}\n"


def write(folder: Path, content: str) -> Path:
    """Write a configuration file."""
    path = folder / "backstop.yaml"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (GOOD + "listn: {}", "listn: unknown key; did you mean 'listen'?"),
        (GOOD + "listen: {prt: 1}", "listen.prt: unknown key; did you mean 'port'?"),
        (
            "engine: {model: m}\ndeployments: {support: {polcy: p}}",
            "deployments.support.polcy: unknown key; did you mean 'policy'?",
        ),
        (
            GOOD + "receivers: {chat: {kind: slack, urlfile: u}}",
            "receivers.chat.urlfile: unknown key; did you mean 'url_file'?",
        ),
        (
            GOOD + "receivers: {chat: {kind: slack, url: 'https://hooks.example/s3cret'}}",
            "receivers.chat.url: an address is a secret",
        ),
        (GOOD + "zzz: 1", "zzz: unknown key"),
        (GOOD + "1: one", "1: unknown key; keys are words"),
        ("deployments: {support: {}}", "engine: is missing"),
        ("engine: {model: m}\ndeployments: {}", "deployments: name at least one deployment"),
        ("engine: {model: m}\ndeployments: {'a@b': {}}", "'a@b' is no deployment name"),
        (GOOD + "listen: {port: 70000}", "listen.port: "),
        (GOOD + "listen: {port: 0}", "listen.port: "),
        (GOOD + "record: {queue: many}", "record.queue: "),
        ("engine: {kind: vlm, model: m}\ndeployments: {s: {}}", "engine.kind: "),
        (
            "engine: {model: m}\ndeployments: {s: {policy: 3}}",
            "deployments.s.policy: must be a mapping of a policy's keys",
        ),
        (GOOD + "embedder: {kind: minlm}", "embedder.kind: "),
        (GOOD + "embedder: {kind: folder}", "embedder: kind folder needs path: the folder"),
        (GOOD + "embedder: {path: m}", "embedder: path is for kind folder, and kind is hashed"),
        (GOOD + "embedder: {device: gpu}", "embedder.device: "),
        (GOOD + "embedder: {cache: 3}", "embedder.cache: unknown key; did you mean 'cache_mb'?"),
        ("- a list", "must hold a mapping"),
        ("", "must hold a mapping"),
        ("a: [", "is not YAML"),
        ("a:\n\t- b", "is not YAML"),
    ],
)
def test_every_mistake_is_one_sentence_that_names_the_key(
    tmp_path: Path, content: str, sentence: str
) -> None:
    """File, key, and the nearest known key where there is one; never two lines."""
    path = write(tmp_path, content)
    with pytest.raises(ConfigError) as error:
        config.load(path)
    said = str(error.value)
    assert said.startswith(str(path))
    assert sentence in said
    assert "\n" not in said


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The sentence says where an example is."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file; README\.md"):
        config.load(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """It cannot be read, and the reason is the system's own."""
    with pytest.raises(ConfigError, match="Is a directory"):
        config.load(tmp_path)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to start five times."""
    path = write(tmp_path, GOOD + "listn: {}\nrecord: {queue: 0}")
    with pytest.raises(ConfigError, match=r"listn.*") as error:
        config.load(path)
    assert "record.queue" in str(error.value)


def test_the_environment_goes_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One variable for each key; what it does not name stays as the file says."""
    path = write(tmp_path, GOOD + "listen: {host: 127.0.0.2, port: 9000}")
    monkeypatch.setenv("BACKSTOP_LISTEN__PORT", "9001")
    read = config.load(path)
    assert (read.listen.host, read.listen.port) == ("127.0.0.2", 9001)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("BACKSTOP_LISTEN__PRT", "1", "did you mean 'port'"),
        ("BACKSTOP_LISTEN__PORT", "http", "listen.port: "),
        ("BACKSTOP_LISTEN", "{not json", "environment: .*listen"),
        ("BACKSTOP_ENGINE", "{not json", "engine: must be a mapping of keys to values"),
    ],
)
def test_a_mistake_in_the_environment_is_a_sentence_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    """Keys and values are checked as those of the file."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=sentence):
        config.load(write(tmp_path, GOOD))


def test_secrets_are_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the password of the database nor a receiver's address shows in a log."""
    monkeypatch.setenv("BACKSTOP_DATABASE", "postgresql://u:hunter2@db/x")
    monkeypatch.setenv("BACKSTOP_RECEIVERS__CHAT__KIND", "slack")
    monkeypatch.setenv("BACKSTOP_RECEIVERS__CHAT__URL", "https://hooks.example/hunter2")
    read = config.load(write(tmp_path, GOOD))
    assert "hunter2" not in repr(read)
    assert "hunter2" not in str(read)
    assert read.receivers["chat"].address("chat") == "https://hooks.example/hunter2"


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """Wherever the command is run from."""
    read = config.load(write(tmp_path, GOOD + "data_dir: data"))
    assert read.data_dir == tmp_path.resolve() / "data"
    assert read.engine.model == tmp_path.resolve() / "m"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8377"),
        ("0.0.0.0", "http://127.0.0.1:8377"),
        ("::1", "http://[::1]:8377"),
        ("::", "http://[::1]:8377"),
    ],
)
def test_clients_find_the_service_wherever_it_listens(host: str, url: str) -> None:
    """Every interface includes loopback, and an IPv6 address stands in brackets."""
    assert config.Listen(host=host).url == url


def test_a_receiver_without_an_address_says_how_to_give_one() -> None:
    """By file or by environment."""
    with pytest.raises(ConfigError, match=r"receivers\.chat: give url_file"):
        config.Receiver(kind="slack").address("chat")


def test_a_secret_is_never_part_of_a_message(tmp_path: Path) -> None:
    """An empty file and a missing one are named by their key."""
    path = tmp_path / "secret"
    path.write_text(" \n")
    with pytest.raises(ConfigError, match=r"^receivers\.a\.url_file: .* is empty"):
        config.read_secret(path, "receivers.a.url_file")
    with pytest.raises(ConfigError, match=r"^the token: cannot read .*No such file"):
        config.read_secret(tmp_path / "none", "the token")


def test_the_audit_trail_is_anchored_as_told(tmp_path: Path) -> None:
    """The file is relative to the configuration, the pace a duration as elsewhere."""
    told = GOOD + "audit: {anchor_file: kept/anchors.jsonl, every: 1h30m}"
    audit = config.load(write(tmp_path, told)).audit
    assert audit.anchor_file == tmp_path / "kept" / "anchors.jsonl"
    assert audit.every.total_seconds() == 5400


def test_an_mlflow_server_is_told_with_its_token_in_a_file(tmp_path: Path) -> None:
    """The token itself does not stand in the configuration."""
    (tmp_path / "token").write_text("t0ken\n")
    told = GOOD + "registry: {mlflow: {url: 'http://127.0.0.1:5000', token_file: token}}"
    mlflow = config.load(write(tmp_path, told)).registry.mlflow
    assert mlflow is not None
    assert (mlflow.token(), mlflow.serving_alias) == ("t0ken", None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("audit: {every: soon}", "audit.every: 'soon' is no duration"),
        ("audit: {every: 0s}", "audit.every: must be at least 1 s"),
        ("registry: {mlflow: {url: 'ftp://x'}}", "registry.mlflow.url: must begin with http"),
    ],
)
def test_mistakes_about_audit_and_registry_are_named(
    tmp_path: Path, content: str, sentence: str
) -> None:
    """As all others are."""
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, GOOD + content))
    assert sentence in str(caught.value)


def test_a_judge_has_an_address_and_a_key_beside_the_file(tmp_path: Path) -> None:
    """The key's path is relative to the configuration, as every path is."""
    (tmp_path / "judge.key").write_text("sesame\n")
    judge = "{url: 'http://127.0.0.1:9000/', model: j, api_key_file: judge.key}"
    told = config.load(write(tmp_path, GOOD + f"grading: {{judge: {judge}}}")).grading
    assert told.judge is not None
    assert (told.judge.url, told.judge.key()) == ("http://127.0.0.1:9000", "sesame")
    assert told.weaker_sandbox is False


def test_a_judge_s_address_comes_without_v1(tmp_path: Path) -> None:
    """It is added, as it is for engines."""
    judge = "{url: 'http://127.0.0.1:9000/v1', model: j}"
    with pytest.raises(ConfigError, match=r"grading\.judge\.url.*without /v1"):
        config.load(write(tmp_path, GOOD + f"grading: {{judge: {judge}}}"))


def test_the_local_engine_is_never_asked_again(tmp_path: Path) -> None:
    """So a rate that would do nothing is refused."""
    again = "deployments: {support: {resample_rate: 0.1}}\n"
    with pytest.raises(ConfigError, match=r"deployments\.support\.resample_rate: the local engine"):
        config.load(write(tmp_path, "engine: {model: m}\n" + again))
    server = "engine: {kind: vllm, url: 'http://127.0.0.1:9', model: m}\n"
    assert config.load(write(tmp_path, server + again)).deployments["support"].resample_rate == 0.1
