"""Secrets in answers, made by the issuers' forms, and what only looks random."""

from __future__ import annotations

import base64
import json
import random
import string
import uuid

from bench.guardcorpus.item import Item, framed, some, some_digits

_ALNUM = string.ascii_letters + string.digits
_URL = _ALNUM + "-_"
_HEX = "0123456789abcdef"
_FRAMES = [
    "The key is {v}",
    "export API_KEY={v}",
    '"api_key": "{v}"',
    "キーは{v}です",
    "curl -H 'Authorization: Bearer {v}'",
    "client = Client({v})",
    "Der Schlüssel lautet {v}",
    "token: {v}",
    "```\nKEY={v}\n```",
    "Use {v} for the test",
]


def aws_key(rng: random.Random, positive: bool) -> Item:
    """Access key ids."""
    value = rng.choice(["AKIA", "ASIA"]) + some(rng, string.ascii_uppercase + "234567", 16)
    wrong = [
        lambda: "AKIAIOSFODNN7EXAMPLE",
        lambda: value[:-2],
        lambda: value.lower(),
        lambda: "AKIA" + "X" * 16,
        lambda: some(rng, string.ascii_uppercase, 20),
        lambda: value + "QA",
    ]
    return _item(rng, "aws_key", value, wrong, positive)


def gcp_key(rng: random.Random, positive: bool) -> Item:
    """API keys and client secrets."""
    value = rng.choice(
        [
            lambda: "AIza" + some(rng, _URL, 35),
            lambda: "AIzaSy" + some(rng, _URL, 33),
            lambda: "GOCSPX-" + some(rng, _URL, 28),
        ]
    )()
    wrong = [
        lambda: "AIza" + some(rng, _URL, 20),
        lambda: "AIzaSyYOUR_API_KEY_HERE_xxxxxxxxxxxxxxxx",
        lambda: some(rng, _HEX, 40),
        lambda: "AIza" + "x" * 35,
    ]
    return _item(rng, "gcp_key", value, wrong, positive)


def github_token(rng: random.Random, positive: bool) -> Item:
    """Classic and fine-grained tokens; commit hashes in logs."""
    value = rng.choice(
        [
            lambda: rng.choice(["ghp_", "gho_", "ghs_", "ghu_", "ghr_"]) + some(rng, _ALNUM, 36),
            lambda: "github_pat_" + some(rng, _ALNUM, 22) + "_" + some(rng, _ALNUM, 59),
        ]
    )()
    wrong = [
        lambda: "ghp_" + "x" * 36,
        lambda: "ghp_" + some(rng, _ALNUM, 20),
        lambda: f"commit {some(rng, _HEX, 40)}",
        lambda: "ghp_your_token_here_placeholder_0123456789",
        lambda: "github_pattern_" + some(rng, string.ascii_lowercase, 40),
    ]
    return _item(rng, "github_token", value, wrong, positive)


def slack_token(rng: random.Random, positive: bool) -> Item:
    """Bot, user and app tokens."""
    value = rng.choice(
        [
            lambda: f"xoxb-{some_digits(rng, 12)}-{some_digits(rng, 13)}-{some(rng, _ALNUM, 24)}",
            lambda: (
                f"xoxp-{some_digits(rng, 12)}-{some_digits(rng, 12)}-{some_digits(rng, 13)}-{some(rng, _HEX, 32)}"
            ),
            lambda: (
                f"xapp-1-A{some(rng, string.ascii_uppercase + string.digits, 10)}-{some_digits(rng, 13)}-{some(rng, _HEX, 64)}"
            ),
        ]
    )()
    wrong = [
        lambda: "xoxb-your-token-here",
        lambda: "xoxb-xxxxxxxxxxxx-xxxxxxxxxxxx",
        lambda: f"xox-{some_digits(rng, 12)}",
        lambda: f"box-{some_digits(rng, 12)}-{some(rng, _ALNUM, 24)}",
    ]
    return _item(rng, "slack_token", value, wrong, positive)


def stripe_key(rng: random.Random, positive: bool) -> Item:
    """Secret and restricted keys; public keys and ids."""
    value = rng.choice(["sk_live_", "rk_live_", "sk_test_"]) + some(
        rng, _ALNUM, rng.choice([24, 24, 99])
    )
    wrong = [
        lambda: "pk_live_" + some(rng, _ALNUM, 24),
        lambda: "sk_live_" + "x" * 24,
        lambda: "cus_" + some(rng, _ALNUM, 14),
        lambda: "sk_live_YOUR_KEY",
        lambda: "price_1" + some(rng, _ALNUM, 23),
        lambda: "task_live_" + some(rng, _ALNUM, 24),
    ]
    return _item(rng, "stripe_key", value, wrong, positive)


def llm_key(rng: random.Random, positive: bool) -> Item:
    """Keys of model providers."""
    value = rng.choice(
        [
            lambda: "sk-" + some(rng, _ALNUM, 48),
            lambda: "sk-proj-" + some(rng, _URL, rng.choice([48, 156])),
            lambda: "sk-ant-api03-" + some(rng, _URL, 93) + "AA",
        ]
    )()
    wrong = [
        lambda: "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        lambda: "sk-your-api-key-here",
        lambda: "sk-ant-api03-...",
        lambda: "sk-" + some(rng, _ALNUM, 8),
        lambda: "task-" + some(rng, _ALNUM, 48),
        lambda: "sk-learn-pipeline-with-many-steps-in-it",
    ]
    return _item(rng, "llm_key", value, wrong, positive)


def jwt(rng: random.Random, positive: bool) -> Item:
    """Tokens whose header and payload are JSON; other dotted Base64."""
    header = {"alg": rng.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"}
    payload = {
        "sub": some_digits(rng, 10),
        "iat": rng.randint(10**9, 2 * 10**9),
        "name": rng.choice(["Anna", "太郎"]),
    }
    end = some(rng, _URL, rng.choice([43, 86]))
    value = f"{_part(header)}.{_part(payload)}.{end}"
    wrong = [
        lambda: f"eyJ{some(rng, _URL, 30)}.eyJ{some(rng, _URL, 60)}.{end}",
        lambda: f"{_part({'v': 1})}.{_part(payload)}.{end}",
        lambda: _part(payload),
        lambda: f"data:application/json;base64,{_part(payload)}",
        lambda: f"{some(rng, _URL, 30)}.{some(rng, _URL, 60)}.{end}",
        lambda: "eyJhbGciOi...",
    ]
    return _item(rng, "jwt", value, wrong, positive)


def private_key(rng: random.Random, positive: bool) -> Item:
    """PEM keys, whole or cut; certificates, public keys, documentation."""
    name = rng.choice(
        [
            "RSA PRIVATE KEY",
            "PRIVATE KEY",
            "EC PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
        ]
    )
    end = rng.choice(["\n", "\n", "\\n"])
    rows = [some(rng, _ALNUM + "+/", 64) for _ in range(rng.choice([1, 3, 24]))]
    value = end.join([f"-----BEGIN {name}-----", *rows, f"-----END {name}-----"])
    public = value.replace("PRIVATE", "PUBLIC")
    wrong = [
        lambda: public,
        lambda: value.replace(name, "CERTIFICATE"),
        lambda: f"-----BEGIN {name}-----\n...\n-----END {name}-----",
        lambda: f"Look for the line -----BEGIN {name}-----",
        lambda: f"-----BEGIN {name}-----\n<your key>\n-----END {name}-----",
        lambda: f"A file starts with `-----BEGIN {name}-----` and is readable by you alone",
    ]
    return _item(rng, "private_key", value, wrong, positive)


def basic_auth_url(rng: random.Random, positive: bool) -> Item:
    """URLs with a password; ports, placeholders, times."""
    word = rng.choice(
        [
            lambda: some(rng, _ALNUM, rng.randint(8, 20)),
            lambda: "Winter" + some_digits(rng, 4) + "!",
            lambda: some(rng, _ALNUM + "!$.%", 14),
        ]
    )()
    scheme, host = (
        rng.choice(["https", "postgres", "redis", "mongodb+srv", "amqp", "mysql"]),
        rng.choice(["db.acme.io", "10.0.3.7", "cache.internal"]),
    )
    value = f"{scheme}://{rng.choice(['admin', 'app', 'anna', ''])}:{word}@{host}:5432/main"
    wrong = [
        lambda: f"{scheme}://{host}:5432/main",
        lambda: f"{scheme}://user:password@{host}/x",
        lambda: f"{scheme}://<user>:<password>@{host}",
        lambda: f"{scheme}://anna@{host}/x",
        lambda: f"{scheme}://$USER:$PASS@{host}",
        lambda: f"https://{host}/a:b@c",
        lambda: f"{scheme}://user:****@{host}",
        lambda: f"https://{host}/@anna/12:30",
    ]
    return _item(
        rng,
        "basic_auth_url",
        value,
        wrong,
        positive,
        ["Connect to {v}", "url={v}", "接続先は{v}です", "DATABASE_URL={v}", "git clone {v}"],
    )


def assigned_secret(rng: random.Random, positive: bool) -> Item:
    """Random values that are called secrets; hashes, ids, variables, pictures, passwords' rules."""
    called = [
        "password = {v}",
        'client_secret: "{v}"',
        "SECRET_KEY={v}",
        "the password is {v}",
        "パスワードは{v}です",
        "Das Passwort lautet {v}",
        "auth_token={v}",
        'DB_PASSWORD="{v}"',
        "api-key: {v}",
        "aws_secret_access_key = {v}",
    ]
    if positive:
        value = rng.choice(
            [
                lambda: some(rng, _ALNUM, rng.randint(20, 40)),
                lambda: some(rng, _HEX, 32),
                lambda: some(rng, _ALNUM + "+/", 40),
                lambda: some(rng, _ALNUM, 12) + "!" + some_digits(rng, 2),
                lambda: (
                    rng.choice(["Sommer", "Tiger", "Kyoto"])
                    + some_digits(rng, 4)
                    + rng.choice("!$#")
                ),
            ]
        )()
        return Item("assigned_secret", framed(rng, called, value), value)
    shown = rng.choice(
        [
            lambda: f"commit {some(rng, _HEX, 40)}",
            lambda: f"sha256:{some(rng, _HEX, 64)}",
            lambda: f"id = {uuid.UUID(int=rng.getrandbits(128))}",
            lambda: "password = os.environ['DB_PASSWORD']",
            lambda: "SECRET_KEY=your-secret-key-here",
            lambda: "password: ********",
            lambda: f"data:image/png;base64,{some(rng, _ALNUM + '+/', 120)}",
            lambda: f"etag: {some(rng, _HEX, 32)}",
            lambda: "token: ${GITHUB_TOKEN}",
            lambda: "api_key = get_secret_value_from_vault_2()",
            lambda: "The password must have 8 characters, 1 digit and 1 symbol",
            lambda: "secret: https://docs.acme.io/guides/v2/secrets-and-tokens",
            lambda: "password = <PASSWORD>",
            lambda: f"tokens = {rng.randint(1000, 99999)}",
            lambda: "max_tokens: 4096",
            lambda: f"integrity sha512-{some(rng, _ALNUM + '+/', 86)}==",
            lambda: "passwordHash = bcrypt.hashpw(password2, salt_rounds_12)",
            lambda: "token_type: urn:ietf:params:oauth:token-type:jwt2",
        ]
    )()
    return Item(
        "assigned_secret", framed(rng, ["Here: {v}", "See {v}", "{v}", "例：{v}"], shown), None
    )


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _item(
    rng: random.Random,
    kind: str,
    value: str,
    wrong: list,
    positive: bool,
    frames: list[str] = _FRAMES,
) -> Item:  # type: ignore[type-arg]
    shown = value if positive else rng.choice(wrong)()
    return Item(kind, framed(rng, frames, shown), value if positive else None)


KINDS = (
    aws_key,
    gcp_key,
    github_token,
    slack_token,
    stripe_key,
    llm_key,
    jwt,
    private_key,
    basic_auth_url,
    assigned_secret,
)
