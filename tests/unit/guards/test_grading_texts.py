"""Grades of plain texts, kind by kind: each case as it is and normalised, from the definitions."""

from __future__ import annotations

from typing import Any

import pytest

from guards.grading import grade


def check(expectation: dict[str, Any], output: str, raw: float, normalized: float) -> None:
    """Grade an answer and compare."""
    found = grade(expectation, output)
    assert (found.raw, found.normalized) == pytest.approx((raw, normalized))


@pytest.mark.parametrize(
    ("value", "output", "raw", "normalized"),
    [
        ("yes", "yes", 1, 1),
        ("yes", "Yes", 0, 0),
        ("yes", " yes", 0, 1),
        ("yes", "yes\n", 0, 1),
        ("yes", "yes.", 0, 0),
        ("yes", "y es", 0, 0),
        ("yes", "", 0, 0),
        ("", "", 1, 1),
        ("", " \n", 0, 1),
        ("a  b", "a b", 0, 0),
        ("A-1", "Ａ－１", 0, 1),
        ("Ａ－１", "A-1", 0, 1),
        ("ﬁne", "fine", 0, 1),
        ("café", "cafe\u0301", 0, 1),
        ("café", "cafe", 0, 0),
        ("10²", "102", 0, 1),
        ("猫", "猫", 1, 1),
        ("ネコ", "ﾈｺ", 0, 1),
        ("ガ", "ｶﾞ", 0, 1),
        ("ネコ", "ねこ", 0, 0),
        ("東京 都", "東京\u3000都", 0, 1),
        ("はい。", "はい", 0, 0),
    ],
)
def test_exact(value: str, output: str, raw: float, normalized: float) -> None:
    """The same text; NFKC and white space at the ends are forgiven, case is not."""
    check({"kind": "exact", "value": value}, output, raw, normalized)
    check({"kind": "exact", "value": value, "strict": True}, output, raw, raw)


@pytest.mark.parametrize(
    ("value", "output", "raw", "normalized"),
    [
        ("cat", "cat", 1, 1),
        ("cat", "Cat", 0, 1),
        ("cat", "the cat", 0, 1),
        ("the cat", "A cat.", 0, 1),
        ("an apple", "apple", 0, 1),
        ("theatre", "atre", 0, 0),
        ("cat", "c.a.t.", 0, 1),
        ("U.S.", "US", 0, 1),
        ("ice-cream", "icecream", 0, 1),
        ("ice-cream", "ice cream", 0, 0),
        ("cat sat", "cat   sat", 0, 1),
        ("cat sat", "sat cat", 0, 0),
        ("1,000", "1000", 0, 1),
        ("$5", "5", 0, 1),
        ("the", "", 0, 1),
        ("cat", "", 0, 0),
        ("it's", "its", 0, 1),
        ("Köln", "köln", 0, 1),
        ("Ｃａｔ", "cat", 0, 1),
        ("猫", "猫", 1, 1),
        ("猫!", "猫！", 0, 1),
        ("ネコ", "ﾈｺ", 0, 1),
        ("猫", "犬", 0, 0),
    ],
)
def test_normalized(value: str, output: str, raw: float, normalized: float) -> None:
    """SQuAD's normalisation: small letters, no punctuation, no articles, single spaces."""
    check({"kind": "normalized", "value": value}, output, raw, normalized)


@pytest.mark.parametrize(
    ("values", "output", "raw", "normalized"),
    [
        (["yes", "no"], "yes", 1, 1),
        (["yes", "no"], "no", 1, 1),
        (["yes", "no"], "No.", 0, 1),
        (["yes", "no"], "the no", 0, 1),
        (["yes", "no"], "yes no", 0, 0),
        (["yes", "no"], "", 0, 0),
        (["yes", "no"], "maybe", 0, 0),
        (["yes"], "yes", 1, 1),
        (["yes", "yes"], "yes", 1, 1),
        ([""], "", 1, 1),
        (["", "yes"], "the", 0, 1),
        (["Yes"], "yes", 0, 1),
        (["a b"], "A, B!", 0, 1),
        (["x y"], "X, Y!", 0, 1),
        (["14 days", "two weeks"], "Two weeks.", 0, 1),
        (["14 days", "two weeks"], "14 days", 1, 1),
        (["14 days", "two weeks"], "in two weeks", 0, 0),
        (["はい", "いいえ"], "はい", 1, 1),
        (["はい", "いいえ"], "はい!", 0, 1),
        (["はい", "いいえ"], "はい。", 0, 0),
        (["ハイ"], "ﾊｲ", 0, 1),
        (["はい"], "ハイ", 0, 0),
    ],
)
def test_one_of(values: list[str], output: str, raw: float, normalized: float) -> None:
    """One of them, exactly or after SQuAD's normalisation."""
    check({"kind": "one_of", "values": values}, output, raw, normalized)


@pytest.mark.parametrize(
    ("options", "output", "raw", "normalized"),
    [
        ({"pattern": "A-[0-9]+"}, "A-12", 1, 1),
        ({"pattern": "A-[0-9]+"}, "It is A-12.", 1, 1),
        ({"pattern": "A-[0-9]+"}, "a-12", 0, 0),
        ({"pattern": "(?i)A-[0-9]+"}, "a-12", 1, 1),
        ({"pattern": "A-[0-9]+"}, "Ａ-１２", 0, 1),
        ({"pattern": "A-[0-9]+"}, "", 0, 0),
        ({"pattern": ""}, "", 1, 1),
        ({"pattern": "^yes$"}, "yes", 1, 1),
        ({"pattern": "^yes$"}, "yes\n", 1, 1),
        ({"pattern": r"\Ayes\Z"}, "yes\n", 0, 1),
        ({"pattern": r"\Ayes\Z"}, "no\nyes", 0, 0),
        ({"pattern": "(?m)^yes$"}, "no\nyes", 1, 1),
        ({"pattern": "a.b"}, "a\nb", 0, 0),
        ({"pattern": "a+", "whole": True}, "aaa", 1, 1),
        ({"pattern": "a+", "whole": True}, "aab", 0, 0),
        ({"pattern": "a+", "whole": True}, " aa ", 0, 1),
        ({"pattern": "a+", "whole": True, "strict": True}, " aa ", 0, 0),
        ({"pattern": "a+", "whole": False}, "baab", 1, 1),
        ({"pattern": "猫|犬"}, "猫です", 1, 1),
        ({"pattern": "[ぁ-ん]+", "whole": True}, "ねこ", 1, 1),
        ({"pattern": r"\p{Han}"}, "ねこ", 0, 0),
        ({"pattern": "ネコ"}, "ﾈｺ", 0, 1),
        ({"pattern": "ネコ", "strict": True}, "ﾈｺ", 0, 0),
    ],
)
def test_regex(options: dict[str, Any], output: str, raw: float, normalized: float) -> None:
    """Found in the answer, or with `whole` spanning it; NFKC is forgiven."""
    check({"kind": "regex", **options}, output, raw, normalized)


@pytest.mark.parametrize(
    ("options", "output", "raw", "normalized"),
    [
        ({"values": ["refund"]}, "a refund", 1, 1),
        ({"values": ["refund"]}, "A Refund", 0, 1),
        ({"values": ["refund"]}, "prefunded", 1, 1),
        ({"values": ["refund"]}, "re fund", 0, 0),
        ({"values": ["refund"]}, "", 0, 0),
        ({"values": [""]}, "", 1, 1),
        ({"values": ["a", "b"]}, "a", 0.5, 0.5),
        ({"values": ["a", "b"]}, "ab", 1, 1),
        ({"values": ["a", "b"]}, "AB", 0, 1),
        ({"values": ["a", "b"]}, "aB", 0.5, 1),
        ({"values": ["a", "b", "c"]}, "b", 1 / 3, 1 / 3),
        ({"values": ["a", "b"], "threshold": 1}, "a", 0, 0),
        ({"values": ["a", "b"], "threshold": 0.5}, "a", 1, 1),
        ({"values": ["a", "b"], "threshold": 1}, "AB", 0, 1),
        ({"values": ["a"], "strict": True}, "A", 0, 0),
        ({"values": ["straße"]}, "STRASSE", 0, 1),
        ({"values": ["14 days"]}, "１４ days", 0, 1),
        ({"values": ["返金"]}, "返金します", 1, 1),
        ({"values": ["返金", "十四日"]}, "十四日以内", 0.5, 0.5),
        ({"values": ["ネコ"]}, "ﾈｺです", 0, 1),
        ({"values": ["ネコ"], "strict": True}, "ﾈｺです", 0, 0),
        ({"values": ["ねこ"]}, "ネコ", 0, 0),
    ],
)
def test_contains(options: dict[str, Any], output: str, raw: float, normalized: float) -> None:
    """The share that is in the answer; case and NFKC are forgiven."""
    check({"kind": "contains", **options}, output, raw, normalized)


@pytest.mark.parametrize(
    ("options", "output", "raw", "normalized"),
    [
        ({"values": ["sorry"]}, "Done.", 1, 1),
        ({"values": ["sorry"]}, "sorry", 0, 0),
        ({"values": ["sorry"]}, "Sorry!", 1, 0),
        ({"values": ["Sorry"]}, "sorry!", 1, 0),
        ({"values": ["sorry"], "strict": True}, "Sorry!", 1, 1),
        ({"values": ["sorry"], "strict": True}, "sorry!", 0, 0),
        ({"values": ["sorry", "cannot"]}, "I cannot.", 0, 0),
        ({"values": ["sorry", "cannot"]}, "I can.", 1, 1),
        ({"values": ["sorry", "cannot"]}, "Sorry, I cannot.", 0, 0),
        ({"values": ["sorry", "cannot"]}, "I CANNOT.", 1, 0),
        ({"values": ["can"]}, "candle", 0, 0),
        ({"values": ["sorry"]}, "", 1, 1),
        ({"values": [""]}, "x", 0, 0),
        ({"values": ["a b"]}, "a  b", 1, 1),
        ({"values": ["A-1"]}, "Ａ－１", 1, 0),
        ({"values": ["straße"]}, "STRASSE", 1, 0),
        ({"values": ["ß"]}, "ss", 1, 0),
        ({"values": ["申し訳"]}, "申し訳ありません", 0, 0),
        ({"values": ["申し訳"]}, "かしこまりました", 1, 1),
        ({"values": ["ネコ"]}, "ﾈｺ", 1, 0),
        ({"values": ["ネコ"], "strict": True}, "ﾈｺ", 1, 1),
        ({"values": ["ネコ"]}, "ねこ", 1, 1),
    ],
)
def test_excludes(options: dict[str, Any], output: str, raw: float, normalized: float) -> None:
    """None of them is in the answer; what hides behind case or width is found."""
    check({"kind": "excludes", **options}, output, raw, normalized)


@pytest.mark.parametrize(
    ("options", "output", "raw", "normalized"),
    [
        ({"value": 4}, "4", 1, 1),
        ({"value": 4}, "4.0", 1, 1),
        ({"value": 4}, " 4\n", 1, 1),
        ({"value": 4}, "5", 0, 0),
        ({"value": 4}, "It is 4.", 0, 1),
        ({"value": 4}, "4 or 5", 0, 0),
        ({"value": 5}, "4, no, 5", 0, 1),
        ({"value": 4}, "four", 0, 0),
        ({"value": 4}, "", 0, 0),
        ({"value": 4}, "nan", 0, 0),
        ({"value": 1200}, "1,200", 0, 1),
        ({"value": 1200}, "1.2e3", 1, 1),
        ({"value": -3}, "-3", 1, 1),
        ({"value": -3}, "it is -3 °C", 0, 1),
        ({"value": 3}, "-3", 0, 0),
        ({"value": 3, "tolerance": 0.5}, "3.5", 1, 1),
        ({"value": 3, "tolerance": 0.5}, "3.51", 0, 0),
        ({"value": 3, "tolerance": 0.5}, "about 2.5", 0, 1),
        ({"value": 0.5}, "0.5", 1, 1),
        ({"value": 12}, "１２", 1, 1),
        ({"value": 12}, "答えは１２です", 0, 1),
        ({"value": 1200}, "１，２００円", 0, 1),
        ({"value": 12}, "十二", 0, 0),
    ],
)
def test_number(options: dict[str, Any], output: str, raw: float, normalized: float) -> None:
    """The answer is the number, or its last number is; full-width digits are digits."""
    check({"kind": "number", **options}, output, raw, normalized)


OBJECT = {"type": "object", "required": ["team"], "properties": {"team": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "output", "raw", "normalized"),
    [
        (OBJECT, '{"team": "billing"}', 1, 1),
        (OBJECT, '{"team": "billing", "x": 1}', 1, 1),
        (OBJECT, '{"team": 1}', 0, 0),
        (OBJECT, "{}", 0, 0),
        (OBJECT, "[]", 0, 0),
        (OBJECT, "", 0, 0),
        (OBJECT, '{"team": "bil', 0, 0),
        (OBJECT, ' {"team": "billing"}\n', 1, 1),
        (OBJECT, '```json\n{"team": "billing"}\n```', 0, 1),
        (OBJECT, 'Here:\n```\n{"team": "billing"}\n```\nDone.', 0, 1),
        (OBJECT, '```json\n{"team": "billing"}', 0, 1),
        (OBJECT, '```\n{"team": 1}\n```', 0, 0),
        (OBJECT, 'It is {"team": "billing"}', 0, 0),
        (OBJECT, "{'team': 'billing'}", 0, 0),
        (OBJECT, '{"team": NaN}', 0, 0),
        ({**OBJECT, "additionalProperties": False}, '{"team": "a", "x": 1}', 0, 0),
        ({}, "null", 1, 1),
        ({}, "no JSON", 0, 0),
        ({"enum": [1, 2]}, "2", 1, 1),
        ({"enum": [1, 2]}, "3", 0, 0),
        ({"const": "猫"}, '"猫"', 1, 1),
        ({"const": "猫"}, '"\\u732b"', 1, 1),
        ({"type": "string", "maxLength": 2}, '"ねこ"', 1, 1),
        ({"type": "string", "maxLength": 2}, '"にゃあ"', 0, 0),
    ],
)
def test_json_schema(schema: dict[str, Any], output: str, raw: float, normalized: float) -> None:
    """The schema accepts the answer, or what is inside its code fence."""
    check({"kind": "json_schema", "schema": schema}, output, raw, normalized)
    strict = {"kind": "json_schema", "schema": schema, "strict": True}
    check(strict, output, raw, raw)
