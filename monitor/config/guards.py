"""The guards of a deployment, by name: what they look for, and what a finding does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from monitor.config.files import read_secret, read_secrets
from monitor.config.section import Section
from monitor.errors import ConfigError

GuardMode = Literal["observe", "flag", "block"]


class Guard(Section):
    """A guard without a choice: `schema`."""

    mode: GuardMode = "observe"


class KindsGuard(Guard):
    """A guard that may be limited to some kinds of findings: `personal_data`, `secrets`."""

    kinds: tuple[str, ...] | None = None


class RunsGuard(Guard):
    """A guard against repeated runs of words: `system_prompt`, `injection_echo`."""

    words: int | None = Field(default=None, ge=2)


class CanaryGuard(Guard):
    """Planted tokens that must never come out: one a line in a file, or by environment."""

    tokens: tuple[SecretStr, ...] = ()
    tokens_file: Path | None = None

    def planted(self, key: str) -> tuple[str, ...]:
        """Return the tokens. Raises `ConfigError` if there are none."""
        given = tuple(each.get_secret_value() for each in self.tokens)
        if self.tokens_file is not None:
            given += read_secrets(self.tokens_file, f"{key}.tokens_file")
        if not given:
            raise ConfigError(f"{key}: give tokens_file, or tokens by environment")
        return given


class ClassifierGuard(Guard):
    """A local transformers sequence-classification model.

    Args:
        labels: which of its labels are findings.
        threshold: the least score that is one.
    """

    folder: Path
    labels: tuple[str, ...] = Field(min_length=1)
    threshold: float = Field(default=0.5, gt=0, le=1)
    device: str = "cpu"
    limit_s: float = Field(default=5.0, gt=0)


class JudgeGuard(Guard):
    """An OpenAI-compatible judge, such as Llama Guard behind vLLM.

    Args:
        url: of its API, with `/v1`.
    """

    url: str
    model: str
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    limit_s: float = Field(default=2.0, gt=0)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be http://HOST:PORT/v1 or https://HOST:PORT/v1")
        return url.rstrip("/")

    def key(self, key: str) -> str | None:
        """Return the judge's API key, if it wants one. Raises `ConfigError`."""
        if self.api_key is not None:
            return self.api_key.get_secret_value()
        if self.api_key_file is None:
            return None
        return read_secret(self.api_key_file, f"{key}.api_key_file")


class PresidioGuard(Guard):
    """Microsoft Presidio, with its own configuration."""

    language: str = "en"
    entities: tuple[str, ...] | None = None
    threshold: float = Field(default=0.5, ge=0, le=1)
    limit_s: float = Field(default=5.0, gt=0)


class Guards(Section):
    """Guards by name; those that are not named look at nothing."""

    personal_data: KindsGuard | None = None
    secrets: KindsGuard | None = None
    canary: CanaryGuard | None = None
    system_prompt: RunsGuard | None = None
    injection_echo: RunsGuard | None = None
    schema_: Guard | None = Field(default=None, alias="schema")
    classifier: ClassifierGuard | None = None
    judge: JudgeGuard | None = None
    presidio: PresidioGuard | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_the_default(cls, given: Any) -> Any:
        """Take a name with nothing behind it for a guard with its defaults."""
        if not isinstance(given, dict):
            return given
        return {name: {} if section is None else section for name, section in given.items()}

    def pure(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the settings of the guards that the catalogue makes, by name."""
        for name in ("personal_data", "secrets", "canary", "system_prompt", "injection_echo"):
            section = getattr(self, name)
            if section is not None:
                chosen = section.model_dump(exclude={"tokens", "tokens_file"}, exclude_none=True)
                yield name, chosen
        if self.schema_ is not None:
            yield "schema", self.schema_.model_dump()

    @property
    def blocks(self) -> bool:
        """Whether any of them blocks."""
        sections = (getattr(self, name) for name in type(self).model_fields)
        return any(each is not None and each.mode == "block" for each in sections)
