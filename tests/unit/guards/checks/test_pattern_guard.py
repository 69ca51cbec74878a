"""Guards that look for personal data and secrets: what they find, and what they leave alone."""

from __future__ import annotations

import pytest

from guards.checks import pattern_guard
from guards.checks.context import GuardContext

CONTEXT = GuardContext()
PERSONAL, SECRETS = pattern_guard.personal_data(), pattern_guard.leaked_secrets()


def _personal(text: str) -> list[tuple[str, str]]:
    return [(each.kind, text[each.start : each.end]) for each in PERSONAL.check(text, CONTEXT)]


def _secrets(text: str) -> list[tuple[str, str]]:
    return [(each.kind, text[each.start : each.end]) for each in SECRETS.check(text, CONTEXT)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("[write](mailto:o'neill@mail.bbc.co.uk)", "email", "o'neill@mail.bbc.co.uk"),
        ("メールはmaría@müller.deまで", "email", "maría@müller.de"),
        ("(212) 555-0187", "phone", "(212) 555-0187"),
        ("Tel. 0301234567", "phone", "0301234567"),
        ("06(4692)8840", "phone", "06(4692)8840"),
        ("+33 6 12 34 56 78", "phone", "+33 6 12 34 56 78"),
        ("06 12 34 56 78", "phone", "06 12 34 56 78"),
        ("IBAN DE89370400440532013000BIC", "iban", ""),
        ("口座はDE89 3704 0044 0532 0130 00です", "iban", "DE89 3704 0044 0532 0130 00"),
        ("12 4111 1111 1111 1111", "credit_card", "4111 1111 1111 1111"),
        ("3782 822463 10005", "credit_card", "3782 822463 10005"),
        ("social security number 536904399", "us_ssn", "536904399"),
        ("NINO=AB123456C", "uk_nino", "AB123456C"),
        ("client=81.2.69.142", "ip_address", "81.2.69.142"),
        ("Sie wurde am **27. April 1960** geboren.", "date_of_birth", "27. April 1960"),
        ("昭和55年3月12日生まれ", "date_of_birth", "55年3月12"),
        ("DOB: 20/7/04", "date_of_birth", "20/7/04"),
    ],
)
def test_personal_data_is_found(text: str, kind: str, value: str) -> None:
    """In the forms that people write; an empty value means that nothing is found."""
    assert _personal(text) == ([(kind, value)] if value else [])


@pytest.mark.parametrize(
    "text",
    [
        "anna@example.com",
        "git@github.com:acme/app.git",
        "icon@2x.png",
        "react@18.2.0",
        "order 4111 1111 1111 1112",
        "ord_4111111111111111x",
        "ISBN 978-3-16-148410-0",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "000-12-3456",
        "666-12-3456",
        "912-34-5678",
        "078-05-1120",
        "GB 12 34 56 A",
        "12345678901",
        "注文番号は123456789018です",
        "マイナンバーは123456789012です",
        "version 1.2.3.4",
        "Chrome/120.0.99.10",
        "pip install x==1.2.3.4",
        "127.0.0.1 and 192.0.2.7 and 2001:db8::1 and ::1",
        "12:30:45 std::vec 00:1b:44:11:3a:b7",
        "founded on 12 March 1980",
        "born on 31 February 1980",
        "注文番号は2024-6370-1045です",
        "DE00 3704 0044 0532 0130 00",
        "10,000,000 and 48.137154, 11.576124",
    ],
)
def test_what_only_looks_like_personal_data_is_left_alone(text: str) -> None:
    """Documentation, versions, orders, hashes and numbers that fail their check."""
    assert _personal(text) == []


KEY = "f3Kd93jfLs02kfPqz81MbX7w"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("AKIAQYLPMN5HHHFPZAM2", "aws_key"),
        ("AIzaSyD3Kd93jfLs02kfPqz81MbX7wQ-8aB_cDe", "gcp_key"),
        ("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", "gcp_key"),
        (f"ghp_{KEY}A1b2C3d4E5f6", "github_token"),
        (f"glpat-{KEY[:20]}", "gitlab_token"),
        (f"xoxb-204816329012-3141592653589-{KEY}", "slack_token"),
        (f"https://hooks.slack.com/services/T0A1B2C3D/B0A1B2C3D/{KEY}", "slack_webhook"),
        (f"sk_live_{KEY}", "stripe_key"),
        (f"whsec_{KEY}", "stripe_key"),
        (f"sk-ant-api03-{KEY}_Qx", "anthropic_key"),
        (f"sk-proj-{KEY}", "openai_key"),
        (f"sk-{KEY}{KEY[::-1]}", "openai_key"),
        (f"hf_{KEY}QmZtRvWx", "huggingface_token"),
        (f"npm_{KEY}A1b2C3d4E5f6", "npm_token"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "jwt"),
        (f"-----BEGIN OPENSSH PRIVATE KEY-----\\n{KEY}{KEY[::-1]}", "private_key"),
        ("postgres://app:Winter2031!@db.acme.io:5432/main", "basic_auth_url"),
        (f"client_secret: **{KEY}**", "assigned_secret"),
        ("パスワードはKyoto6539#です", "password"),
        ("auth_token=(YUXM0YRDD0lz!40)", "password"),
    ],
)
def test_secrets_are_found(text: str, kind: str) -> None:
    """By their issuers' marks, or by what they are called."""
    assert [each for each, _ in _secrets(f"Use {text} now")] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "sk-your-api-key-here",
        "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
        "pk_live_f3Kd93jfLs02kfPqz81MbX7w",
        "eyJhbGciOiJIUzI1NiJ9.e30",
        "eyJ2IjoxfQ.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        "postgres://user:password@db/x and https://db:5432/x and redis://u:****@h",
        "password = os.environ['DB_PASSWORD']",
        "token: ${GITHUB_TOKEN}",
        "api_key = get_secret_value_from_vault_2()",
        "secret id = f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "max_tokens: 4096",
        "password: correct",
        "token_type: urn:ietf:params:oauth:token-type:jwt2",
    ],
)
def test_placeholders_and_public_things_are_no_secrets(text: str) -> None:
    """Documentation is full of them."""
    assert _secrets(text) == []


def test_a_guard_can_be_limited_to_some_kinds() -> None:
    """The others are not looked for."""
    guard = pattern_guard.personal_data(frozenset({"iban"}))
    text = "anna@gmail.com DE89 3704 0044 0532 0130 00"
    assert [each.kind for each in guard.check(text, CONTEXT)] == ["iban"]


def test_an_excerpt_shows_no_more_than_two_characters() -> None:
    """What is recorded must not be a leak of its own."""
    (finding,) = PERSONAL.check("mail anna.lee@gmail.com now", CONTEXT)
    assert finding.excerpt == "an… (18)"
