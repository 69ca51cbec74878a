"""Where metrics are pushed to."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from monitor.config.files import read_secret
from monitor.config.section import Section, server_address


class OtlpConfig(Section):
    """A collector that takes OTLP over HTTP; the metrics are those of `/metrics`.

    Args:
        endpoint: its address without `/v1/metrics`: `http://127.0.0.1:4318`.
        every_s: seconds between two pushes.
        authorization_file: with the value of the header `Authorization`, if it wants one.
    """

    endpoint: str
    every_s: float = Field(default=15.0, ge=1.0)
    authorization_file: Path | None = None

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return server_address(url)

    @property
    def url(self) -> str:
        """Where metrics are posted."""
        return f"{self.endpoint}/v1/metrics"

    def headers(self) -> dict[str, str]:
        """Return what every request carries. Raises `ConfigError` if the file cannot be read."""
        if self.authorization_file is None:
            return {}
        return {"Authorization": read_secret(self.authorization_file, "otlp.authorization_file")}
