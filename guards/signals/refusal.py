"""Refusals: answers that decline to answer, in English and Japanese.

Precision matters more than recall: the opening alone is looked at, without what it quotes, and a
phrase counts only where the speaker declines to do what an assistant is asked to do.
"""

from __future__ import annotations

import re

from guards.layout import KANA
from guards.signals.signal import Family, Signal, Tail, of_text
from guards.signals.view import TextView

OPENING = 240  # characters in which a refusal stands
_QUOTED = re.compile(
    r"\"[^\"]*(?:\"|$)|“[^”]*(?:”|$)|«[^»]*(?:»|$)|「[^」]*(?:」|$)|『[^』]*(?:』|$)|`[^`]*(?:`|$)"
    r"|(?<!\w)'[^']*'(?!\w)"
)
# A letter or a piece of fiction in which somebody declines.
_LETTER = re.compile(r" (?:subject:|dear |to whom it may concern|hi [a-z]+,|hello [a-z]+,)")
# One of each of these two is in every English refusal; most openings have no first person at all,
# and to see that takes a twentieth of the time.
_SPEAKERS = (
    *("I ", "I'", "I’", "I\n", " i ", " i'", "guidelines", "programming", "polic"),
    *("nappropriate", "nethical"),
)
_NEGATIONS = (
    *("can't", "won't", "couldn't", "don't", "wouldn't", "cannot", "can not", "will not"),
    *("could not", "would not", "do not", "am not", "'m not", "not something", "rather not"),
    *("prefer not", "unable", "incapable", "declin", "refuse", "beyond", "outside", "prevent"),
    *("prohibit", "inappropriate", "unethical", "against my"),
)

_SERVE = (
    r"(?:help(?! but| (?:feeling|wondering|thinking))|assist|comply|fulfil(?:l)?|provide|answer|respond to|"
    r"engage|participate|discuss|generate|create|produce|write|share|offer|give (?:you|advice|medical"
    r"|legal|financial|any|instructions)|support|do (?:that|this|so)|complete|process|continue with|"
    r"recommend(?![^.!?]*\b(?:enough|highly)\b)|access|browse|facilitate|"
    r"accommodate|satisfy|make (?:jokes|that|such|statements)|advise|endorse|promote|condone|tell you)"
)
_CANNOT = (
    r"(?:can't|cannot|can not|won't|will not|could not|couldn't|"
    r"(?:am|'m) (?:not able to|unable to|not going to|not (?:allowed|permitted|programmed|designed) to|"
    r"not comfortable|incapable of)|"
    r"(?:am|'m) (?:sorry,? but i )?(?:can't|cannot)|(?:must|have to|need to) (?:respectfully |politely )?"
    r"(?:decline|refuse)|(?:don't|do not) feel comfortable|would(?: not|n't) feel comfortable)"
)
_SORRY = (
    r"(?:i(?:'m| am) (?:so |very |really |truly |terribly )?sorry|i apologi[sz]e|my apologies|sorry|"
    r"unfortunately|regrettably|i regret|i'm afraid|i am afraid)"
)
_AS_AN_AI = r"as an? (?:ai|artificial intelligence|(?:large )?language model|text-based ai|virtual assistant)\b"
_YET = r".{0,200}(?:\bbut|\bhowever|\bwhile|\bstill),? i (?:can|could|will|would|am able)\b"
_ENGLISH = re.compile(
    # "I'm sorry, but (as an AI …,) I cannot help with that"
    rf"(?:^|[.!?:] ) ?(?:{_SORRY}[,.]? (?:but |that )?)?(?:as an? [^.!?]{{2,60}}, )?"
    rf"(?:but |and |so |however, |therefore, |no, )?i ?(?:simply |just |really |actually )?{_CANNOT}"
    rf"(?: (?:\w+ ){{0,2}}?{_SERVE}|(?<=decline)\b|(?<=refuse)\b|(?<=comfortable)\b)"
    # "As an AI language model, I don't have …"
    rf"|{_AS_AN_AI}[^.!?]{{0,60}},? i ?(?:can't|cannot|am not able|'m not able|am unable|'m unable|"
    r"won't|will not)\b"
    # … unless it does so all the same: "…, but I can tell you about it"
    rf"|{_AS_AN_AI}[^.!?]{{0,60}},? i ?(?:do not|don't|am not|'m not)\b(?!{_YET})"
    # "Sorry, but that is not something I can help with"
    rf"|{_SORRY}[,.]? (?:but )?(?:that|this)(?:'s| is) (?:not something|beyond what|outside) (?:of )?"
    r"(?:what )?i(?:'m| am| can| could)"
    rf"|{_SORRY}[,.]? (?:but )?i (?:don't|do not) have (?:access|the ability|enough information|"
    rf"information|any information|real-time|personal)\b(?!{_YET})"
    r"|(?:^|[.!?] ) ?(?:it|this|that) (?:(?:would be|is) (?:inappropriate|unethical) for me\b|"
    r"(?:would be|is|goes) against my (?:guidelines|programming|policy|principles))"
    r"|(?:^|[.!?] ) ?my (?:guidelines|programming|policies) (?:prevent|prohibit|(?:do not|don't) allow)"
    r"|(?:^|[.!?] ) ?i(?:'d| would) (?:rather|prefer) not (?:to )?"
    r"(?:answer|discuss|say|help|write|respond|engage|provide|create|assist)"
)
_KEIGO = r"(?:すること)?(?:は|も)?(?:でき|出来)(?:ません|かねます|ない)"
_JAPANESE = re.compile(
    rf"お(?:答え|手伝い|応え|教え|力添え|引き受け|力に(?:は|も)?な(?:ること|れ)){_KEIGO}"
    r"|お答えしかねます|お応えしかねます|お教えしかねます|お手伝いしかねます|お力になれません|"
    r"お引き受けしかねます|ご?対応いたしかねます|お断り(?:いた|させていただき)|回答(?:を|は)?(?:差し)?控え"
    r"|(?:コメント|お答え|回答|発言|言及)(?:は|を)(?:差し)?控えさせ"
    rf"|(?:回答|返答|助言|アドバイス)(?:を)?(?:する|提供する)?こと(?:は|が|も)(?:でき|出来)(?:ません|かねます)"
    r"|(?:申し訳|もうしわけ|すみません|恐れ入りますが|残念ながら|あいにく|AI|ＡＩ|人工知能|言語モデル)[^。！？]{0,20}。?[^。！？]{0,60}"
    r"(?:ご?(?:回答|対応|提供|作成|生成|支援|協力|案内|紹介|要望|希望|意向|依頼|リクエスト|アドバイス|助言|サポート|執筆|質問))"
    r"[^。！？]{0,20}(?:(?:でき|出来)(?:ません|かねます|ない)|(?:いた)?しかねます|応じられません|[沿添]えません|"
    r"応じることは(?:でき|出来)ません)"
)


def refusal(view: TextView) -> float:
    """Return 1 if the answer opens with a refusal, else 0.

    >>> refusal(TextView("I'm sorry, but I can't help with that."))
    1.0
    """
    return float(_refuses_in_english(view) or _refuses_in_japanese(view))


def _refuses_in_english(view: TextView) -> bool:
    beginning = view.text[:OPENING]
    if not _is_of_a_speaker(beginning):
        return False
    opening = TextView(beginning).plain
    if not any(map(opening.__contains__, _NEGATIONS)) or _LETTER.match(opening):
        return False
    return _ENGLISH.search(_QUOTED.sub(" ", opening).lstrip()) is not None


def _is_of_a_speaker(beginning: str) -> bool:
    return any(map(beginning.__contains__, _SPEAKERS))


def _refuses_in_japanese(view: TextView) -> bool:
    opening = view.text[:OPENING]
    if opening.isascii() or ord(max(opening)) < KANA:
        return False
    return _JAPANESE.search(_QUOTED.sub(" ", opening)) is not None


SIGNALS = (
    Signal(
        name="refusal",
        unit="",
        low=0,
        high=1,
        meaning="refused",
        tail=Tail.UPPER,
        compute=of_text(refusal),
        family=Family.TEXT,
    ),
)
