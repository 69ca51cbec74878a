"""Where adapters are registered outside of Backstop."""

from __future__ import annotations

from pathlib import Path

from pydantic import field_validator

from monitor.config.files import read_secret
from monitor.config.section import Section


class MlflowConfig(Section):
    """An MLflow server whose registry adapters come from.

    Args:
        url: where it listens.
        token_file: for `Authorization: Bearer`.
        serving_alias: alias that follows what serves, e.g. `champion`; none is moved without it.
    """

    url: str
    token_file: Path | None = None
    serving_alias: str | None = None

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url

    def token(self) -> str | None:
        """Return the token. Raises `ConfigError` if its file cannot be read."""
        if self.token_file is None:
            return None
        return read_secret(self.token_file, "registry.mlflow.token_file")


class RegistryConfig(Section):
    """Registries that adapters come from, beside folders and the Hugging Face hub."""

    mlflow: MlflowConfig | None = None
