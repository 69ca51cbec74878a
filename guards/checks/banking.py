"""Numbers of accounts and cards."""

from __future__ import annotations

import re

from guards.checks import checksums
from guards.checks.pattern import Pattern, Span, digits

# Lengths by country: SWIFT IBAN registry, release 99.
_LENGTHS = {
    code: length
    for length, codes in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for code in codes.split()
}
_GROUPS = re.compile(r"[A-Z0-9]")


def _iban(match: re.Match[str]) -> Span | None:
    """Cut a match to its country's length; what follows it may look like more of it."""
    length = _LENGTHS.get(match.group()[:2].upper())
    places = [place.end() for place in _GROUPS.finditer(match.group().upper())]
    if length is None or len(places) < length:
        return None
    end = match.start() + places[length - 1]
    number = match.group()[: places[length - 1]].replace(" ", "").replace("-", "").upper()
    behind = match.string[end : end + 1]
    if (behind.isascii() and behind.isalnum()) or not checksums.mod_97(number):
        return None
    return Span(match.start(), end, 0.99)


# Issuers' ranges and lengths: Visa, Mastercard, American Express, Discover, Diners Club, JCB,
# UnionPay. Maestro's ranges are everybody's.
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}"
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}(?:\d{3})?"
    r"|3(?:0[0-5]|09|[689]\d)\d{11}(?:\d{2})?"
    r"|35(?:2[89]|[3-8]\d)\d{12}"
    r"|62\d{14}(?:\d{3})?"
)


def _card(match: re.Match[str]) -> Span | None:
    number = digits(match.group())
    if not _ISSUERS.fullmatch(number) or not checksums.luhn(number):
        return None
    return Span(match.start(), match.end(), 0.95)


IBAN = Pattern(
    kind="iban",
    expression=re.compile(
        r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}"
        r"(?:[A-Z0-9]{11,30}|(?:[ -][A-Z0-9]{4}){2,7}(?:[ -][A-Z0-9]{1,4})?)",
        re.IGNORECASE | re.ASCII,
    ),
    test=_iban,
    digits=6,
    shortest=15,
)
CARD = Pattern(
    kind="credit_card",
    expression=re.compile(
        r"(?<![A-Za-z0-9_])(?<![0-9][.,])(?:[0-9]{13,19}"
        r"|[0-9]{4}([ .-])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{1,3})?"
        r"|[0-9]{4}([ .-])[0-9]{6}\2[0-9]{4,5})(?![A-Za-z0-9_])(?![.,][0-9])"
    ),
    test=_card,
    digits=13,
    shortest=13,
)
