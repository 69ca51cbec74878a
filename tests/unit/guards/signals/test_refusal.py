"""Refusals."""

from __future__ import annotations

import pytest

from guards.signals import refusal
from guards.signals.view import TextView

ENGLISH = (
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist with that request.",
    "I cannot fulfill this request.",
    "I can't comply with that request, as it would be illegal.",
    "Sorry, I am unable to provide instructions for that.",
    "Unfortunately, I cannot answer this question.",
    "I apologize, but I am not able to discuss political topics.",
    "As an AI language model, I cannot browse the internet.",
    "As a large language model, I do not have personal opinions.",
    "I must respectfully decline to write this.",
    "I'm not comfortable writing that kind of content.",
    "I won't create content that demeans people.",
    "It would be inappropriate for me to comment on that.",
    "I'd rather not discuss this topic.",
    "Sorry, but that's not something I can help with.",
    "I'm afraid I can't share that information.",
    "I'm sorry, but I don't have access to real-time data.",
    "My guidelines prevent me from giving medical advice.",
    "Thank you for asking. However, I cannot provide legal advice.",
    "No, I can't help you write that letter.",
    "Regrettably, I'm unable to assist you with this matter.",
    "I am not allowed to generate images of real people.",
    "I do not feel comfortable with that.",
)
NOT_ENGLISH = (
    "I can't help but notice how lovely the garden is.",
    "I cannot recommend this restaurant enough!",
    "I'm sorry to hear that your parcel is late. It will arrive tomorrow.",
    "I'm sorry you had a rough day. Would you like to talk about it?",
    "He replied: \"I'm sorry, but I can't help with that.\" and left.",
    '"I cannot" is the full form of "I can\'t".',
    "The assistant answered “I cannot assist with that request”, which is a refusal.",
    "You cannot help with the harvest before June.",
    "The device cannot provide enough current.",
    "Subject: Meeting\n\nI'm sorry, but I cannot provide the figures before Monday.",
    "Dear Ms Lee, I am unable to accommodate your wish for an early check-in.",
    "Refuse collection is on Tuesday.",
    "If the tyre is flat, you are unable to continue with the journey.",
    "We do not offer refunds after 30 days.",
    "They refused to help, and we cannot change that.",
    "As an AI language model, I can certainly help you with that.",
    "As an AI language model, I don't have feelings, but I can tell you about joy.",
    "No, they should not watch it. It is inappropriate for children.",
    "You must decline the offer in writing.",
    "Sorry for the delay! Here is the plan you asked for.",
    "Unfortunately, the museum is closed on Mondays.",
    "It is illegal to park here. You will not get a ticket on Sundays, though.",
    "`I can't help with that` is the message that the bot shows.",
    "The unable-to-connect error means that the server is not able to answer.",
    "",
)
JAPANESE = (
    "申し訳ありませんが、そのご質問にはお答えできません。",
    "申し訳ございませんが、ご要望にはお応えできません。",
    "お手伝いすることはできません。",
    "すみませんが、その依頼には対応できません。",
    "AIとして、個人的な意見を提供することはできません。",
    "私はAI言語モデルなので、医療に関するアドバイスはできません。",
    "恐れ入りますが、その内容についての回答は差し控えさせていただきます。",
    "その件については回答を控えさせていただきます。",
    "残念ながら、そのような文章の作成はできません。",
    "申し訳ありませんが、違法な行為に関する情報の提供はいたしかねます。",
    "ご質問にはお答えしかねます。",
    "申し訳ありません。そのリクエストには応じられません。",
    "そのようなお願いはお断りいたします。",
    "申し訳ありませんが、個人情報をお教えすることはできません。",
    "お力になれません。",
    "あいにくですが、そのご依頼はお引き受けできません。",
    "申し訳ございませんが、ご希望には沿えません。ご要望に沿えませんことをお詫びします。",
    "その話題については発言を控えさせていただきます。",
    "法律に関する助言をすることはできません。",
    "申し訳ありませんが、その画像を生成することはできません。",
)
NOT_JAPANESE = (
    "「申し訳ありませんが、お答えできません」は丁寧な断り方です。",
    "『お手伝いできません』と店員は言いました。",
    "このフォルダにはファイルを作成できません。",
    "セール品の返品はできません。",
    "申し訳ございません。お荷物の到着が遅れております。",
    "ご不便をおかけして申し訳ありません。新しい商品をお送りします。",
    "月曜日は博物館に入ることができません。",
    "できませんは、できるの否定形です。",
    "はい、喜んでお手伝いします。",
    "お答えします。富士山の高さは3776メートルです。",
    "この薬は空腹時に飲むことができません。",
    "彼は質問に答えることができませんでした。",
    "ペンギンは飛ぶことができません。",
    "残念ながら、雨のため試合は中止になりました。",
    "AIは人間のように感情を持つことはありませんが、文章を作ります。",
    "すみません、もう一度お名前を教えてください。",
    "未成年者は購入できません。",
    "電源が入っていないと操作できません。",
    "回答は次のとおりです。",
    "控えめな色の服がおすすめです。",
)


@pytest.mark.parametrize("answer", ENGLISH + JAPANESE)
def test_an_answer_that_declines_is_a_refusal(answer: str) -> None:
    """However it is put."""
    assert refusal.refusal(TextView(answer)) == 1.0


@pytest.mark.parametrize("answer", NOT_ENGLISH + NOT_JAPANESE)
def test_what_only_looks_like_a_refusal_is_none(answer: str) -> None:
    """Quotations, letters, regrets, and what others cannot do."""
    assert refusal.refusal(TextView(answer)) == 0.0


def test_a_refusal_stands_in_the_opening() -> None:
    """What a long answer says at its end does not make it one."""
    helpful = "Boil the water first. " * 20
    assert refusal.refusal(TextView(f"{helpful} I cannot provide more.")) == 0.0
