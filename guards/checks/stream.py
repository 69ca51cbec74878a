"""Guards over an answer that is written piece by piece.

What a blocking guard could still object to is held back, and nothing else: as a rule the word that
is being written. A guard that only observes or flags holds nothing back.
"""

from __future__ import annotations

from collections.abc import Sequence

from guards.checks import judgement, lane
from guards.checks.context import GuardContext
from guards.checks.folding import Folding, is_plain
from guards.checks.guard import NOTHING_HELD
from guards.checks.judgement import Applied, Judgement, Mode, Report
from guards.guarded import GuardVerdict

_UNREAD = 64  # characters that may wait to be read
LONGEST_WHOLE = 1_000_000  # characters of an answer that is kept for a guard that needs it whole


class StreamGuard:
    """Guards one answer as it is written: `feed` every piece, then `finish`.

    In whatever pieces an answer comes, findings and verdict are those of the whole answer, and
    what is released, joined, is the answer unless it is blocked. Of a blocked one nothing is
    released behind the start of the first finding of a blocking guard.

    Args:
        applied: guards and modes. One without a `scan` needs the whole answer; if it blocks, all
            is held back until the end. It fails on an answer of over a million characters.
        context: what stood around the answer.
    """

    def __init__(self, applied: Sequence[Applied], context: GuardContext) -> None:
        self._context = context
        self._folding = Folding()
        self._lanes = lane.opened(applied, context)
        self._whole = [each for each in applied if not lane.is_scanning(each)]
        self._holds = any(each.blocks for each in self._lanes)
        self._holds_all = any(each.mode is Mode.BLOCK for each in self._whole)
        self._answer: list[str] = []
        self._unread = ""  # folded pieces that end no word
        self._held = ""
        self._released = 0
        self._read = 0
        self._blocked = False
        self._ended: Judgement | None = None

    @property
    def blocked(self) -> bool:
        """Whether a blocking guard has objected or failed: nothing is released any more."""
        return self._blocked

    @property
    def held(self) -> int:
        """How many characters are held back now."""
        return self._read if self._holds_all and not self._ended else len(self._held)

    @property
    def holds_all(self) -> bool:
        """Whether nothing is released before the end."""
        return self._holds_all

    @property
    def judgement(self) -> Judgement:
        """The verdict: final after `finish`, until then what is known already."""
        return self._ended or judgement.conclude(self._scanned())

    def feed(self, delta: str) -> str:
        """Read the next piece; return what may go out now."""
        plain = is_plain(delta)
        folded = delta if plain and self._folding.is_identity else self._folded(delta)
        if not self._holds_all:
            self._held += delta
        self._read += len(delta)
        if self._whole and self._read <= LONGEST_WHOLE:
            self._answer.append(delta)
        if self._holds and plain and folded.isalnum() and len(self._unread) < _UNREAD:
            # It ends no word, so nothing is found in it and nothing may go out.
            self._unread += folded
            return ""
        return self._scan(folded)

    def _scan(self, folded: str) -> str:
        if self._unread:
            folded, self._unread = self._unread + folded, ""
        safe = NOTHING_HELD
        for each in self._lanes:
            place = each.feed(folded)
            if place < safe:
                safe = place
            if each.objects:
                self._blocked = True
        if self._holds_all or self._blocked:
            return ""
        if not self._folding.is_identity or safe == NOTHING_HELD:
            return self._release(safe)
        count = safe - self._released
        out, self._held = self._held[:count], self._held[count:]
        self._released = safe
        return out

    def _folded(self, delta: str) -> str:
        if self._folding.is_identity:
            self._folding.skip(self._read)
        return self._folding.feed(delta)

    def finish(self) -> str:
        """Take the answer as ended; return what may still go out."""
        out = ""
        if self._ended is None:
            out = self._scan("")
            for each in self._lanes:
                each.finish()
            self._ended = judgement.conclude([*self._scanned(), *self._checked()])
            self._blocked = self._ended.verdict is GuardVerdict.BLOCK
            if self._holds_all:
                self._held = "" if self._blocked else "".join(self._answer)
        return out if self._blocked else out + self._release(NOTHING_HELD)

    def _release(self, safe: int) -> str:
        if safe == NOTHING_HELD:
            count = len(self._held)
        else:
            place = safe if self._folding.is_identity else self._folding.start(safe)
            count = place - self._released
        out, self._held = self._held[:count], self._held[count:]
        self._released += len(out)
        return out

    def _scanned(self) -> list[Report]:
        if self._folding.is_identity:
            self._folding.skip(self._read)
        return [report for each in self._lanes for report in each.reports(self._folding)]

    def _checked(self) -> list[Report]:
        """Return what the guards say that need the whole answer."""
        if self._read > LONGEST_WHOLE:
            return [
                Report(guard=each.guard.name, mode=each.mode, failed=True) for each in self._whole
            ]
        answer = "".join(self._answer)
        return [judgement.report(answer, self._context, each) for each in self._whole]
