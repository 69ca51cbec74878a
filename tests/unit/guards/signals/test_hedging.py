"""Hedges."""

from __future__ import annotations

import math

import pytest

from guards.layout import Layout
from guards.signals import hedging


def hedges(text: str) -> float:
    """Return the rate of one text."""
    return float(hedging.hedges(Layout.of([text]))[0])


ENGLISH = (
    "It might rain.",
    "Perhaps it is so.",
    "Maybe later.",
    "That is probably right.",
    "This is possibly wrong.",
    "I think it is blue.",
    "I believe so.",
    "I guess it works.",
    "I'm not sure about it.",
    "I am not certain that it holds.",
    "It seems fine.",
    "It appears that she left.",
    "It is possible that it fails.",
    "It's likely that it works.",
    "It depends on the size.",
    "It is difficult to say.",
    "This may be wrong.",
    "She may have left.",
    "It could be a bug.",
    "They most likely forgot.",
    "This seems to work.",
    "It is presumably closed.",
    "In my opinion it is good.",
)
NOT_ENGLISH = (
    "The might of the army grew.",
    "In May we open at nine.",
    "You may enter.",
    "The probability is one half.",
    "I thought of a number.",
    "We could not go.",
    "It is certain.",
    "I am sure about it.",
    "The seam is torn.",
    "The possible values are 1 and 2.",
    "She appeared at noon.",
    "He believes in science.",
    "The thinker sits.",
    "Depend on us.",
    "The unlikely hero wins.",
    "It takes all your might and main.",
    "Could you send it?",
    "The mayor spoke.",
    "Guess the number.",
    "Likelihood is a function.",
    "The appearance matters.",
)
JAPANESE = (
    "明日は雨かもしれません。",
    "そうかもしれない。",
    "正しいと思います。",
    "難しいと思われます。",
    "来るでしょう。",
    "おそらく大丈夫です。",
    "恐らく間違いです。",
    "たぶん行けます。",
    "多分そうです。",
    "遅れる可能性があります。",
    "壊れている可能性が高いです。",
    "留守のようです。",
    "来ないらしいです。",
    "原因は熱だと考えられます。",
    "安全とは限りません。",
    "断言できません。",
    "正確には分かりません。",
    "届かない場合もあります。",
    "もしかすると閉店です。",
    "一概には言えません。",
    "だれも来ないだろう。",
)
NOT_JAPANESE = (
    "明日は雨です。",
    "正しいです。",
    "思い出の写真です。",
    "思いやりは大切です。",
    "来ます。",
    "これは間違いです。",
    "大丈夫です。",
    "必ず届きます。",
    "可能です。",
    "不可能です。",
    "様子を見ます。",
    "多くの人が来ました。",
    "分かりました。",
    "考え方を説明します。",
    "限定品です。",
    "場合分けをします。",
    "推薦します。",
    "断ります。",
    "何をお探しでしょうか。",
    "高い山です。",
)


@pytest.mark.parametrize("answer", ENGLISH + JAPANESE)
def test_a_hedge_is_counted(answer: str) -> None:
    """Each of these takes back a part of what it says."""
    assert hedges(answer) > 0


@pytest.mark.parametrize("answer", NOT_ENGLISH + NOT_JAPANESE)
def test_a_plain_statement_has_none(answer: str) -> None:
    """Nor do words that only look like hedges."""
    assert hedges(answer) == 0


def test_hedges_are_counted_per_hundred_words() -> None:
    """Two in eight words are 25 in a hundred; no words have no rate."""
    assert hedges("Perhaps it rains, or maybe it will snow.") == 25.0
    assert math.isnan(hedges(" "))
