"""Secrets: keys and tokens with their issuers' marks, and random values that are called secrets.

The forms are the issuers' own documentation's. Placeholders (`EXAMPLE`, `xxxx`, `<key>`) are none.
"""

from __future__ import annotations

import base64
import binascii
import json
import re

from guards.checks import entropy
from guards.checks.pattern import Pattern, Span, before, when

RANDOM_BITS = 3.0  # a character, of a value with an issuer's mark
ASSIGNED_BITS = 3.5  # a character, of a value that is only called a secret
ASSIGNED_HEX_BITS = 3.0  # the same where it is hexadecimal: 4 bits are the most

_PLACEHOLDER = re.compile(
    r"(?i)example|sample|placeholder|your|dummy|changeme|redacted|insert|replace|foobar|"
    r"xxxx|\*{3}|\.{3}|<|\$\{|\{\{|(?:0123456789|1234567890|abcdefgh)|(.)\1{5}"
)


def random_looking(text: str, threshold: float = RANDOM_BITS) -> bool:
    """Return whether a value may have been drawn at random: no placeholder, enough entropy."""
    return not _PLACEHOLDER.search(text) and entropy.bits(text) >= threshold


def _marked(kind: str, expression: str, anchor: str, shortest: int) -> Pattern:
    """Return the pattern of a key that carries its issuer's mark."""
    return Pattern(
        kind=kind,
        expression=re.compile(rf"(?<![A-Za-z0-9_])(?:{expression})(?![A-Za-z0-9_])", re.ASCII),
        test=when(lambda match: random_looking(match.group()), 0.97),
        anchor=anchor,
        shortest=shortest,
    )


def _decoded(part: str) -> object:
    """Return the JSON of a part of a token. Raises `ValueError`."""
    raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return json.loads(raw)


def _jwt(match: re.Match[str]) -> Span | None:
    try:
        header, payload = _decoded(match["header"]), _decoded(match["payload"])
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(header, dict) or "alg" not in header or not isinstance(payload, dict):
        return None
    return Span(match.start(), match.end(), 0.95)


def _pem(match: re.Match[str]) -> bool:
    return random_looking(match["body"], 3.5)


_NO_PASSWORD = re.compile(
    r"(?i)(?:pass(?:word)?|pwd|secret|pw|token|user(?:name)?|\W+|[\[{<$%].*)$"
)


def _basic(match: re.Match[str]) -> Span | None:
    password = match["password"]
    if _NO_PASSWORD.match(password) or _PLACEHOLDER.search(password):
        return None
    return Span(match.start(), match.end(), 0.9)


_CALLED = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"signing[_-]?key|encryption[_-]?key|auth[_-]?key|account[_-]?key|credentials?|passwort|"
    r"contrase[ñn]a|mot de passe|senha|wachtwoord|парол[ья]|パスワード|シークレット|APIキー|密码|密钥|비밀번호)"
)
_SIGN = r"(?::=|=>|[:=>]|[は는은]|\b(?:is|ist|es|est|lautet|[àe])\b[:=]?|[ \n](?<=[a-z][ \n]))"
_ASSIGNED = re.compile(
    rf"(?i){_CALLED}[\w-]{{0,16}}[\"'`\])]{{0,2}}\s{{0,3}}{_SIGN}"
    r"\s{0,3}(?:bearer |basic )?[\"'`*(<]{0,3}$"
)
_PASSWORD = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)?|pwd|passwort|contrase[ñn]a|mot de passe|senha|wachtwoord|"
    r"парол[ья]|パスワード|密码|비밀번호)"
    rf"[\"'`*]{{0,3}}\s{{0,3}}{_SIGN}\s{{0,3}}[\"'`*(<]{{0,3}}$"
)
_IN_CODE = re.compile(r"[\[\]/,;:]|^[a-z_]+\.[a-z_]+")
_UUID = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")
_IDENTIFIER = re.compile(r"[a-z]{2,12}(?:[_.-](?:[a-z]{1,12}|[0-9]{1,3}))+")
_HEX = re.compile(r"[0-9a-fA-F]+")


def _assigned(match: re.Match[str]) -> Span | None:
    value = match.group()
    if not any(map(str.isdigit, value)) or not any(map(str.isalpha, value)):
        return None
    if _UUID.match(value) or _IDENTIFIER.fullmatch(value) or value.count("/") > 4:
        return None
    threshold = ASSIGNED_HEX_BITS if _HEX.fullmatch(value) else ASSIGNED_BITS
    if not random_looking(value, threshold) or not _ASSIGNED.search(before(match)):
        return None
    return Span(match.start(), match.end(), 0.8)


def _password(match: re.Match[str]) -> Span | None:
    value = match.group().rstrip(".,;)")
    has = [any(map(test, value)) for test in _CLASSES]
    if len(value) < 8 or sum(has) < 3 or _PLACEHOLDER.search(value) or _IN_CODE.search(value):
        return None
    told = before(match)
    # Not called a password, but a secret: then no sign may stand for digits or letters.
    named = _PASSWORD.search(told) is not None
    if not named and not (all(has[:3]) and len(value) >= 10 and _ASSIGNED.search(told)):
        return None
    return Span(match.start(), match.start() + len(value), 0.7)


_CLASSES = (str.isdigit, str.islower, str.isupper, lambda character: not character.isalnum())


PATTERNS = (
    _marked("aws_key", r"(?:AKIA|ASIA)[A-Z2-7]{16}", "A", 20),
    _marked("gcp_key", r"AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28}", "-", 35),
    _marked("gcp_key", r"AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{30,500}", "a", 34),
    _marked(
        "github_token",
        r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
        "_",
        40,
    ),
    _marked("gitlab_token", r"glpat-[A-Za-z0-9_-]{20,64}", "glpat-", 26),
    _marked("slack_token", r"xox[abeoprs]-[A-Za-z0-9-]{10,240}|xapp-[A-Za-z0-9-]{20,240}", "-", 15),
    _marked(
        "slack_webhook",
        r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,14}/B[A-Z0-9]{6,14}/[A-Za-z0-9]{18,32}",
        "hooks.slack.com",
        60,
    ),
    _marked("stripe_key", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,240}", "k_", 24),
    _marked("stripe_key", r"whsec_[A-Za-z0-9+/]{24,80}", "whsec_", 30),
    _marked("anthropic_key", r"sk-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{24,200}", "sk-ant-", 34),
    _marked(
        "openai_key",
        r"sk-(?!ant-)(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{24,220}|[A-Za-z0-9]{32,64})",
        "sk-",
        27,
    ),
    _marked("huggingface_token", r"hf_[A-Za-z0-9]{30,40}", "hf_", 33),
    _marked("npm_token", r"npm_[A-Za-z0-9]{36}", "npm_", 40),
    Pattern(
        kind="jwt",
        expression=re.compile(
            r"(?<![A-Za-z0-9_-])(?P<header>eyJ[A-Za-z0-9_-]{10,400})\."
            r"(?P<payload>eyJ[A-Za-z0-9_-]{4,600})\.[A-Za-z0-9_-]{8,700}"
        ),
        test=_jwt,
        anchor="eyJ",
        shortest=30,
    ),
    Pattern(
        kind="private_key",
        expression=re.compile(
            r"-----BEGIN (?:[A-Z0-9]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:\\n|\\r|\s){1,4}"
            r"(?P<body>[A-Za-z0-9+/]{24,64})"
        ),
        test=when(_pem, 0.99),
        anchor="PRIVATE KEY",
        shortest=50,
    ),
    Pattern(
        kind="basic_auth_url",
        expression=re.compile(
            r"(?<![A-Za-z0-9+.-])[a-z][a-z0-9+.-]{1,24}://[^\s/:@\"'<>]{0,64}:"
            r"(?P<password>[^\s/@\"'<>]{3,128})@[\w.-]{1,128}"
        ),
        test=_basic,
        anchor="://",
        shortest=12,
    ),
    Pattern(
        kind="assigned_secret",
        expression=re.compile(
            r"(?<![A-Za-z0-9+/_.~-])[A-Za-z0-9+/_.~-]{16,256}={0,2}(?![A-Za-z0-9+/_.~(-])"
        ),
        test=_assigned,
        digits=1,
        shortest=16,
    ),
    Pattern(
        kind="password",
        expression=re.compile(
            r"(?<![A-Za-z0-9_.,;!?$%&/@#+~^-])[^\s\"'`<>{}*()]{8,64}(?![^\s\"'`*)>])"
        ),
        test=_password,
        digits=1,
        shortest=8,
    ),
)
