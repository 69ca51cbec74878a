"""Who may look at the dashboard and use the operator API, and what each of them may do."""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from monitor.config.files import secret_or_file
from monitor.config.section import Section
from monitor.errors import ConfigError

EVERYBODY = "*"


class Role(Enum):
    """What a person may do; each role may all that the ones before it may."""

    VIEWER = "viewer"  # means that they see everything and change nothing
    OPERATOR = "operator"  # means that they act on deployments, adapters and golden sets
    ADMIN = "admin"  # means that they change policies too

    def covers(self, other: Role) -> bool:
        """Return whether this role may do what another may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class OperatorToken(Section):
    """A person's token, from a file or (as `token`) from the environment, and their role."""

    role: Role
    token: SecretStr | None = None
    token_file: Path | None = None

    def secret(self, name: str) -> str:
        """Return the token. Raises `ConfigError` if there is none."""
        setting = f"web.tokens.{name}.token_file"
        found = secret_or_file(self.token, self.token_file, setting)
        if not found:
            raise ConfigError(
                f"web.tokens.{name}: name a token_file, or give the token as "
                f"BACKSTOP_WEB__TOKENS__{name.upper()}__TOKEN"
            )
        return found


class TrustedProxy(Section):
    """A proxy that has logged people in already, and says in a header who they are.

    Args:
        header: that it sets, and takes away from what callers send.
        networks: where it stands; the header counts from nowhere else.
        roles: of people by the name in the header; `*` is everybody else.
    """

    header: str = Field(default="X-Forwarded-User", pattern=r"^[A-Za-z0-9-]+$")
    networks: tuple[IPv4Network | IPv6Network, ...] = Field(min_length=1)
    roles: dict[str, Role] = Field(min_length=1)

    def role_of(self, name: str) -> Role | None:
        """Return a person's role, or `None` if they may not even look."""
        return self.roles.get(name, self.roles.get(EVERYBODY))


class WebConfig(Section):
    """Who may use the operators' surfaces, beside the one whose token the service makes (admin)."""

    tokens: dict[str, OperatorToken] = Field(default_factory=dict)
    trusted_proxy: TrustedProxy | None = None

    @field_validator("tokens")
    @classmethod
    def _names_are_free(cls, tokens: dict[str, OperatorToken]) -> dict[str, OperatorToken]:
        for taken in {"operator", "backstop"} & tokens.keys():
            raise ValueError(f"{taken!r} is a name that the service uses itself; take another")
        return tokens
