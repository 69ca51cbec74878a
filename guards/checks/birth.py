"""Dates of birth: a date that the words around it call one."""

from __future__ import annotations

import re
from datetime import date

from guards.checks.pattern import Pattern, Span, before

_WORDS = re.compile(
    r"(?i)birth|\bbday|\b(?:born|d\.?o\.?b\b|geboren|geburts|geboorte|geb\.|"
    r"n[ée]e? le|naissance|naci[dó]|nacimiento|nascid|nascimento|nat[oa] il|nascita)"
    r"|出生|생년월일|생일|태어|生年月日|誕生日|生まれ|\bb\.\W{0,3}$"
)
_AFTER = re.compile(r"日?[^\w]{0,4}(?:生|geboren\b)")
_MONTH = (
    r"(?P<month>jan|feb|f[ée]v|mar|mär|apr|avr|abr|ma[iyg]|jun|juin|jul|juil|giu|lug|aug|ao[uû]|ago|"
    r"sep|set|oct|okt|ott|out|nov|dec|dez|d[ée]c|dic|ene|gen)[^\W\d_]{0,7}[.,]?"
)
_NUMBERS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen",
            "feb fév fev",
            "mar mär",
            "apr avr abr",
            "may mai mag",
            "jun juin giu",
            "jul juil lug",
            "aug aoû aou ago",
            "sep set",
            "oct okt ott out",
            "nov",
            "dec dez déc dic",
        ),
        1,
    )
    for name in names.split()
}
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}


def _read(match: re.Match[str]) -> date | None:
    """Return the calendar date of a match, or `None` where there is none."""
    year, day = int(match["year"]), int(match["day"])
    named = match.groupdict().get("month") or match.groupdict().get("number") or ""
    era = _ERAS.get(match.string[max(match.start() - 2, 0) : match.start()])
    if era is not None:
        year += era
    elif year < 100:
        year += 1900  # which century makes no difference
    month = int(named) if named.isdecimal() else _NUMBERS.get(named.lower(), 0)
    if month > 12 and day <= 12:
        month, day = day, month
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _birth(match: re.Match[str]) -> Span | None:
    born = _read(match)
    if born is None or not 1880 <= born.year <= 2099:
        return None
    told = _WORDS.search(before(match)) or _AFTER.match(match.string, match.end())
    return Span(match.start(), match.end(), 0.8) if told else None


def _dates(expression: str) -> Pattern:
    return Pattern(
        kind="date_of_birth",
        expression=re.compile(rf"(?<![A-Za-z0-9_./-])(?:{expression})(?![0-9])", re.IGNORECASE),
        test=_birth,
        digits=3,
        shortest=6,
    )


DATES = (
    _dates(r"(?P<year>[0-9]{4})([-/.])(?P<number>[0-9]{1,2})\2(?P<day>[0-9]{1,2})"),
    _dates(r"(?P<day>[0-9]{1,2})([-/.]) ?(?P<number>[0-9]{1,2})\2 ?(?P<year>[0-9]{4}|[0-9]{2})"),
    _dates(
        rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|er|\.|º)? (?:of |de )?{_MONTH} (?:de |del )?(?P<year>[0-9]{{4}})"
    ),
    _dates(rf"{_MONTH} (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<year>[0-9]{{4}})"),
    _dates(r"(?P<year>[0-9]{1,4}) ?[年년] ?(?P<number>[0-9]{1,2}) ?[月월] ?(?P<day>[0-9]{1,2})"),
)
