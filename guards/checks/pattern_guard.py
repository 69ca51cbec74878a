"""Guards that look for patterns: personal data, secrets, canary tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from guards.checks import addresses, banking, birth, canary, identity, reaching, secrets
from guards.checks.context import GuardContext
from guards.checks.finding import Finding
from guards.checks.guard import scanned
from guards.checks.pattern import Pattern
from guards.checks.pattern_scan import PatternScan

PERSONAL = (
    reaching.EMAIL,
    reaching.INTERNATIONAL,
    reaching.NATIONAL,
    banking.IBAN,
    banking.CARD,
    identity.SSN,
    identity.NINO,
    identity.STEUER_ID,
    identity.MY_NUMBER,
    addresses.IPV4,
    addresses.IPV6,
    *birth.DATES,
)


@dataclass(frozen=True, slots=True)
class PatternGuard:
    """Looks for patterns; which ones may hang on the context.

    Args:
        name: what settings and counts go by.
        patterns: of one answer's context.
    """

    name: str
    patterns: Callable[[GuardContext], tuple[Pattern, ...]]

    def check(self, answer: str, context: GuardContext) -> tuple[Finding, ...]:
        """Return what is wrong with a whole answer, in its order."""
        return scanned(answer, self.scan(context))

    def scan(self, context: GuardContext) -> PatternScan:
        """Return a reader for one answer."""
        return PatternScan((self.patterns(context),))


def personal_data(kinds: frozenset[str] | None = None) -> PatternGuard:
    """Return the guard against personal data; `None` is all kinds."""
    return _fixed("personal_data", PERSONAL, kinds)


def leaked_secrets(kinds: frozenset[str] | None = None) -> PatternGuard:
    """Return the guard against secrets; `None` is all kinds."""
    return _fixed("secrets", secrets.PATTERNS, kinds)


def canaries() -> PatternGuard:
    """Return the guard against canary tokens of the context."""
    return PatternGuard("canary", canary.patterns)


def kinds_of(patterns: tuple[Pattern, ...]) -> frozenset[str]:
    """Return the names of what patterns find."""
    return frozenset(pattern.kind for pattern in patterns)


def _fixed(name: str, patterns: tuple[Pattern, ...], kinds: frozenset[str] | None) -> PatternGuard:
    chosen = tuple(each for each in patterns if kinds is None or each.kind in kinds)
    return PatternGuard(name, lambda _context: chosen)
