"""Numbers that states give to people."""

from __future__ import annotations

import re

from guards.checks import checksums
from guards.checks.pattern import Pattern, Span, before, digits

_SSN_WORDS = re.compile(r"(?i)\bSSNs?\b|social[ -]security")
_TAX_WORDS = re.compile(r"(?i)steuer|\bIdNr|\bTIN\b|tax|\bID\b")
_MY_NUMBER_WORDS = re.compile(
    r"(?i)マイナンバー|個人番号|個人ナンバー|my ?number|individual number"
)
# Printed on sample cards and in advertisements; never valid (SSA, RM 10201.035).
_ADVERTISED = frozenset({"078051120", "219099999", "457555462", "123456789"})


def _ssn(match: re.Match[str]) -> Span | None:
    number = digits(match.group())
    area, group, serial = number[:3], number[3:5], number[5:]
    if area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000":
        return None
    told = _SSN_WORDS.search(before(match)) is not None
    if number in _ADVERTISED or (match.group(1) != "-" and not told):
        return None
    return Span(match.start(), match.end(), 0.95 if told else 0.85)


def _steuer_id(match: re.Match[str]) -> Span | None:
    if not checksums.steuer_id(digits(match.group())):
        return None
    told = _TAX_WORDS.search(before(match)) is not None
    return Span(match.start(), match.end(), 0.97 if told else 0.7)


def _my_number(match: re.Match[str]) -> Span | None:
    # One number of twelve digits in eleven has the right check digit by chance.
    if not checksums.my_number(digits(match.group())):
        return None
    if not _MY_NUMBER_WORDS.search(before(match)):
        return None
    return Span(match.start(), match.end(), 0.95)


def _nino(match: re.Match[str]) -> Span | None:
    if match.group()[:2].upper() in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
        return None
    return Span(match.start(), match.end(), 0.85)


# Area, group and serial: SSA, "Social Security Number Randomization" (2011).
SSN = Pattern(
    kind="us_ssn",
    expression=re.compile(
        r"(?<![A-Za-z0-9_])(?<![0-9][-.])[0-9]{3}([- ]?)[0-9]{2}\1[0-9]{4}(?![-.]?[0-9])"
    ),
    test=_ssn,
    digits=9,
    shortest=9,
)
# Prefixes: HMRC, National Insurance Manual NIM39110.
NINO = Pattern(
    kind="uk_nino",
    expression=re.compile(
        r"(?<![A-Za-z0-9])[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z]"
        r"(?: ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?|-[0-9]{2}-[0-9]{2}-[0-9]{2}-)[A-D](?![A-Za-z0-9])"
    ),
    test=_nino,
    digits=6,
    shortest=9,
)
STEUER_ID = Pattern(
    kind="de_steuer_id",
    expression=re.compile(
        r"(?<![A-Za-z0-9_])(?<![0-9][-./])[1-9](?:[0-9]{10}|[0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3})"
        r"(?![-./]?[0-9])"
    ),
    test=_steuer_id,
    digits=11,
    shortest=11,
)
MY_NUMBER = Pattern(
    kind="jp_my_number",
    expression=re.compile(r"(?<![A-Za-z0-9_])[0-9]{4}([- ]?)[0-9]{4}\1[0-9]{4}(?![-]?[0-9])"),
    test=_my_number,
    digits=12,
    shortest=12,
)
