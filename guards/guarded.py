"""What guards concluded of an answer, as the record keeps it: kinds and counts, never a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum


class GuardVerdict(Enum):
    """What becomes of an answer."""

    PASS = "pass"  # means that the caller gets it
    FLAG = "flag"  # means that the caller gets it, and it is marked in the record
    BLOCK = "block"  # means that the caller does not get it, or no more of it


SEVERITY = (GuardVerdict.PASS, GuardVerdict.FLAG, GuardVerdict.BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What guards concluded of one answer.

    Args:
        kinds: `guard.kind` to the number of findings, at least 1.
        failed_open: names of the guards that could not say, and let the answer pass.
        failed_closed: names of the guards that could not say, and blocked it.
    """

    verdict: GuardVerdict = GuardVerdict.PASS
    kinds: Mapping[str, int] = field(default_factory=dict)
    failed_open: tuple[str, ...] = ()
    failed_closed: tuple[str, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Whether nothing was found, and no guard has failed."""
        return not (self.kinds or self.failed_open or self.failed_closed)

    def joined(self, other: Guarded) -> Guarded:
        """Return what both sets of guards, the gateway's and the scorer's, say of one answer."""
        return Guarded(
            verdict=max(self.verdict, other.verdict, key=SEVERITY.index),
            kinds={**self.kinds, **other.kinds},
            failed_open=self.failed_open + other.failed_open,
            failed_closed=self.failed_closed + other.failed_closed,
        )

    def sentences(self) -> tuple[str, ...]:
        """Return what people read about it.

        >>> Guarded(verdict=GuardVerdict.BLOCK, kinds={"secrets.aws_key": 2}).sentences()
        ('Guards blocked the answer: secrets.aws_key (2).',)
        """
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        if self.kinds:
            found = ", ".join(f"{kind} ({count})" for kind, count in sorted(self.kinds.items()))
            yield f"Guards {_WORDS[self.verdict]}: {found}."
        if self.failed_closed:
            yield f"Blocked unchecked: {', '.join(self.failed_closed)} could not say."
        if self.failed_open:
            yield f"Passed unchecked: {', '.join(self.failed_open)} could not say."


_WORDS = {
    GuardVerdict.PASS: "observed",
    GuardVerdict.FLAG: "flagged the answer",
    GuardVerdict.BLOCK: "blocked the answer",
}
