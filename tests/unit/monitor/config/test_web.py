"""Who may use the operators' surfaces, as the configuration says."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Role, load
from monitor.errors import ConfigError

BASE = """
engine: {kind: vllm, url: "http://127.0.0.1:8000", model: base}
deployments: {support: {}}
web:
"""


def loaded(folder: Path, web: str):
    (folder / "backstop.yaml").write_text(BASE + web)
    return load(folder / "backstop.yaml").web


def test_a_token_lies_in_a_file_beside_the_configuration(tmp_path):
    """Its role says what its holder may do."""
    (tmp_path / "vera.token").write_text("secret\n")
    token = loaded(tmp_path, "  tokens: {vera: {role: viewer, token_file: vera.token}}").tokens[
        "vera"
    ]
    assert (token.role, token.secret("vera")) == (Role.VIEWER, "secret")
    assert "secret" not in repr(token)


def test_a_token_may_come_from_the_environment(tmp_path, monkeypatch):
    """One variable each."""
    monkeypatch.setenv("BACKSTOP_WEB__TOKENS__VERA__TOKEN", "secret")
    monkeypatch.setenv("BACKSTOP_WEB__TOKENS__VERA__ROLE", "viewer")
    assert loaded(tmp_path, "  tokens: {}").tokens["vera"].secret("vera") == "secret"


@pytest.mark.parametrize(
    ("web", "problem"),
    [
        ("  tokens: {vera: {role: viewer, token: secret}}", "is a secret and does not belong here"),
        ("  tokens: {vera: {role: boss, token_file: x}}", "viewer"),
        ("  tokens: {backstop: {role: admin, token_file: x}}", "name that the service uses itself"),
        ("  trusted_proxy: {networks: [], roles: {a: viewer}}", "networks"),
        ("  trusted_proxy: {networks: [10.0.0.0/33], roles: {a: viewer}}", "networks"),
        ("  trusted_proxy: {networks: [10.0.0.0/8], roles: {}}", "roles"),
        ("  trusted_proxy: {netwrks: [10.0.0.0/8]}", "did you mean 'networks'"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, web, problem):
    """With the key, and without the secret."""
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, web)
    assert problem in str(refused.value)
    assert "secret}" not in str(refused.value)


def test_a_token_that_is_nowhere_is_refused_when_it_is_read(tmp_path):
    """With the two ways to give one."""
    token = loaded(tmp_path, "  tokens: {vera: {role: viewer}}").tokens["vera"]
    with pytest.raises(ConfigError, match="BACKSTOP_WEB__TOKENS__VERA__TOKEN"):
        token.secret("vera")


def test_a_proxys_people_have_their_roles(tmp_path):
    """A star is everybody else."""
    proxy = loaded(
        tmp_path,
        "  trusted_proxy: {networks: [10.0.0.0/8, '::1'], roles: {ada: admin, '*': viewer}}",
    ).trusted_proxy
    assert (proxy.role_of("ada"), proxy.role_of("x")) == (Role.ADMIN, Role.VIEWER)
    only = loaded(tmp_path, "  trusted_proxy: {networks: [10.0.0.0/8], roles: {ada: admin}}")
    assert only.trusted_proxy.role_of("x") is None


@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_the_ones_before_it_may(role):
    """And nothing of those after it."""
    order = list(Role)
    covered = [other for other in order if role.covers(other)]
    assert covered == order[: order.index(role) + 1]
