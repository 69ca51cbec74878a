"""Where people are reached: e-mail addresses and telephone numbers."""

from __future__ import annotations

import re

from guards.checks.pattern import Pattern, Span, before, digits

# Reserved for documentation and tests: RFC 2606, RFC 6761.
_RESERVED = re.compile(
    r"(?i)(?:^|\.)(?:example\.(?:com|net|org|edu)|example|test|invalid|localhost|local)$"
)
_FILE = re.compile(
    r"(?i)\.(?:png|jpe?g|gif|svg|webp|avif|css|js|mjs|ts|tsx|py|rb|go|rs|json|ya?ml|md|html?|zip|gz)$"
)
_IN_URL = re.compile(r"(?:://[^\s/@]*|\bssh://|\bgit\+)$")


def _email(match: re.Match[str]) -> Span | None:
    address = match.group()
    local, _, domain = address.rpartition("@")
    if _RESERVED.search(domain) or _FILE.search(domain) or _IN_URL.search(before(match)):
        return None
    if local in ("git", "hg", "svn") or ".." in local or local[0] == "." or local[-1] == ".":
        return None
    return Span(match.start(), match.end(), 0.95)


_WORDS = re.compile(
    r"(?i)\b(?:(?:tel|telephone|phone|call|calls|ring|mobile|cell|fax|dial|sms|hotline|reach(?:ed)?|text (?:me|us)|cel|bel)"
    r"\b|whatsapp|rufnummer|telefon|handy|anruf|erreich|t[ée]l[ée]phone|appel|portable|joindre|"
    r"tel[ée]fono|m[óo]vil|llam|cellulare|chiam|celular|ligue|mobiel|(?:il mio|mijn|mein[e]?|meu) (?:numer|num|nr))"
    r"|(?:^|[\s|,;])(?:T|M|P|Mob|Ph)[.:]?\s?$"
    r"|\b(?:my|his|her|their|our) number\b|電話|电话|手机|전화|携帯|連絡先|ファックス|☎|📞"
)
_WRITTEN = re.compile(r"[^0-9\s.,/()+-]")  # in a table of numbers there is no word to look for
_LOCAL = re.compile(
    r"(?:1[ .-])?\(?[2-9][0-9]{2}\)?[ .-]?[2-9][0-9]{2}[ .-][0-9]{4}"  # North America
    r"|0[57-9]0-[0-9]{4}-[0-9]{4}|\(?0[0-9]{1,3}\)?[ -]?[0-9]{2,4}-[0-9]{4}|0120-[0-9]{3}-[0-9]{3}|0[0-9]{1,4}\([0-9]{1,4}\)[0-9]{4}"
    r"|0[1-9](?:[ .-][0-9]{2}){4}"  # France
    r"|01[016-9]-[0-9]{3,4}-[0-9]{4}|\([1-9][0-9]\) ?9?[0-9]{4}-[0-9]{4}"  # Korea, Brazil
    r"|06[ -][0-9]{8}|04[0-9]{2} [0-9]{3} [0-9]{3}"  # Netherlands, Australia
    r"|\(?0[12378][0-9]{1,3}\)?[ -][0-9]{3,4}[ -][0-9]{3,4}|07[0-9]{3}[ -][0-9]{6}"  # Kingdom
    r"|\(?0[1-9][0-9]{1,4}\)?(?:[ /-]|[ ]?[/-][ ]?)[0-9]{3,8}(?:[ -][0-9]{1,5}){0,3}"  # Germany
)
_KOREAN = re.compile(r"01[016-9]-")
_PART = re.compile(r"[:/=#]$")  # of a URL, a setting, a reference
_MORE_DIGITS = re.compile(r"[0-9][ -]$")  # the end of a longer number
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_JAPANESE = re.compile(r"0[0-9]{1,4}[()-][ ]?[0-9]{1,4}[)-][0-9]{3,4}")
# Country calling codes: ITU-T E.164, list of 2016, by their first digits.
_CODES = re.compile(
    r"1[2-9]|7[3-9]|2(?:0|7|[1-6]\d|9[0178])|3(?:[0-4]|6|9|[578]\d)|4(?:[013-9]|2[013])|"
    r"5(?:[1-8]|0\d|9\d)|6(?:[0-6]|[789]\d)|8(?:[1246]|5\d|8[0-368])|9(?:[0-58]|[679]\d)"
)


def _international(match: re.Match[str]) -> Span | None:
    number = digits(match.group().replace("(0)", ""))
    if number.startswith("00") and _MORE_DIGITS.search(before(match)):
        return None
    number = number.removeprefix("00")
    if not 8 <= len(number) <= 15 or not _CODES.match(number):
        return None
    return Span(match.start(), match.end(), 0.9)


def _national(match: re.Match[str]) -> Span | None:
    written, number = match.group(), digits(match.group())
    if not 9 <= len(number) <= 12 or _IPV4.fullmatch(written):
        return None
    # What stands in front is looked at last: it costs most.
    front = before(match)
    if _WRITTEN.search(front) and _WORDS.search(front):
        return Span(match.start(), match.end(), 0.85)
    if _MORE_DIGITS.search(front) or _PART.search(front) or not _is_local(written, number):
        return None
    return Span(match.start(), match.end(), 0.6)


def _is_local(written: str, number: str) -> bool:
    """Return whether a number is written as one of the countries does."""
    if not _LOCAL.fullmatch(written):
        return False
    if _KOREAN.match(written) or not _JAPANESE.fullmatch(written):
        return True
    return len(number) == _japanese_length(number)


def _japanese_length(number: str) -> int:
    """Return how many digits a Japanese number has: mobile, IP and free ones have eleven."""
    return 11 if re.match(r"0[5-9]0|0800", number) else 10


_LETTER = "A-Za-z0-9\u00c0-\u024f\u0370-\u052f"  # Latin, Greek, Cyrillic

EMAIL = Pattern(
    kind="email",
    expression=re.compile(
        rf"(?<![{_LETTER}_.%+'-])[{_LETTER}_.%+'-]{{1,64}}@"
        rf"(?:[{_LETTER}](?:[{_LETTER}-]{{0,61}}[{_LETTER}])?\.){{1,8}}"
        rf"(?:[A-Za-z]{{2,24}}|xn--[A-Za-z0-9-]{{2,59}})(?![{_LETTER}_-])"
    ),
    test=_email,
    anchor="@",
    shortest=6,
)
INTERNATIONAL = Pattern(
    kind="phone",
    expression=re.compile(
        # Possessive: a long row of digits could else be cut into groups in millions of ways.
        r"(?<![A-Za-z0-9_+])(?:\+|00(?=[1-9]))[1-9](?:[ .-]?+\(?+[0-9]{1,12}+\)?+){1,8}(?![0-9])"
    ),
    test=_international,
    digits=8,
    shortest=9,
)
NATIONAL = Pattern(
    kind="phone",
    expression=re.compile(
        r"(?<![A-Za-z0-9_])(?<![0-9][.,/-])(?<![.-])(?:0[0-9]{1,4}\([0-9]{1,4}\)[0-9]{4}(?![0-9])|\([0-9]{2,5}\)|[0-9]{2,12}+)"
        r"(?:(?:[ ]?[./-][ ]?|[ ]{1,3})[0-9]{1,8}+){0,6}(?![A-Za-z0-9_]|[.,:/-][0-9])"
    ),
    test=_national,
    digits=9,
    shortest=9,
)
