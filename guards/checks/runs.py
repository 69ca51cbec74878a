"""Runs: how much of a source an answer repeats word by word, in linear time.

The source's words are a suffix automaton (Blumer et al., 1985): reading an answer's words, it knows
at each the longest run, up to there, that stands somewhere in the source. Words are compared in
small letters and without punctuation; each Chinese or Japanese character is one, and counts as half.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from guards.checks.finding import SHOWN
from guards.checks.guard import NOTHING_HELD

LONGEST_SOURCE = 8_192  # words of a source that are looked at
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LONGEST_WORD = 64  # characters; a longer one is read as several
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]{{1,{_LONGEST_WORD}}}")


@dataclass(slots=True)
class _State:
    """A class of runs that end at the same places."""

    length: int
    link: int
    after: dict[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is as long as the threshold: its places, first characters, and whose it is."""

    start: int
    end: int
    beginning: str
    reader: int


class Automaton:
    """All runs of words of some sources; a run never goes from one source into the next."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self.states = [_State(0, -1, {})]
        left = LONGEST_SOURCE
        for source in sources:
            self._last = 0
            for word in words(source)[:left]:
                self._append(word)
                left -= 1

    def _append(self, word: str) -> None:
        states, last = self.states, self._last
        known = states[last].after.get(word)
        if known is not None and states[known].length == states[last].length + 1:
            self._last = known
            return
        if known is not None:
            self._last = self._split(last, known, word)
            return
        self._last = len(states)
        states.append(_State(states[last].length + 1, 0, {}))
        place = last
        while place >= 0 and word not in states[place].after:
            states[place].after[word] = self._last
            place = states[place].link
        if place >= 0:
            met = states[place].after[word]
            fits = states[met].length == states[place].length + 1
            link = met if fits else self._split(place, met, word)
            states[self._last].link = link

    def _split(self, place: int, met: int, word: str) -> int:
        """Return a new state for the shorter runs of a state, those that end here too."""
        states = self.states
        copy = len(states)
        old = states[met]
        states.append(_State(states[place].length + 1, old.link, dict(old.after)))
        old.link = copy
        while place >= 0 and states[place].after.get(word) == met:
            states[place].after[word] = copy
            place = states[place].link
        return copy


@lru_cache(maxsize=16)
def automaton(sources: tuple[str, ...]) -> Automaton:
    """Return the automaton of folded sources; a deployment's answers share one system prompt."""
    return Automaton(sources)


def words(text: str) -> list[str]:
    """Return the words of a folded text in small letters."""
    return [word.lower() for word in _WORD.findall(text)]


class RunReader:
    """Reads an answer's words, and finds runs that count at least `threshold` words.

    `first` are the words that a run may start with: while there is no run, no other word matters.
    Runs are noted in `log`, which readers may share, under the reader's index.
    """

    def __init__(
        self, sources: Automaton, threshold: int, log: list[Run] | None = None, index: int = 0
    ) -> None:
        self._states = sources.states
        self.first = sources.states[0].after
        self._threshold = threshold
        self._state = 0
        self.length = 0  # words of the run that has not ended
        # Of those words, the last ones only, each with where it starts.
        self._run: deque[tuple[int, str]] = deque(maxlen=2 * threshold)
        self._noted = False  # the run that has not ended is found already
        self.found: list[Run] = [] if log is None else log
        self._index = index

    @property
    def start(self) -> int:
        """Where the run starts that has not ended, no more than two thresholds of words."""
        return self._run[0][0]

    def read(self, lowered: str, word: str, start: int, end: int) -> None:
        """Read one word, in small letters and as written, at its places."""
        states = self._states
        state, length = self._state, self.length
        while state and lowered not in states[state].after:
            state = states[state].link
            length = states[state].length
        known = states[state].after.get(lowered)
        if known is None:
            self._state = self.length = 0
            self._noted = False
            self._run.clear()
            return
        self._state, self.length = known, length + 1
        run = self._run
        run.append((start, word))
        while len(run) > length + 1:
            run.popleft()
        if length + 1 >= self._threshold:
            self._note(end)
        else:
            self._noted = False

    def _note(self, end: int) -> None:
        """Note the run once, when it counts enough."""
        halves = sum(1 if _is_cjk(word) else 2 for _, word in self._run)
        if not self._noted and halves >= 2 * self._threshold:
            self._noted = True
            first, word = self._run[0]
            self.found.append(Run(first, end, word[:SHOWN], self._index))


class WordReader:
    """Cuts a folded text that comes in pieces into words, and lets readers of runs read them."""

    def __init__(self, readers: Sequence[RunReader]) -> None:
        self._readers = readers
        self._first = frozenset().union(*(reader.first for reader in readers))
        self._running = False  # some reader is in a run
        self._text = ""
        self._base = 0

    def feed(self, piece: str, last: bool = False) -> int:
        """Read on, and return up to where no run can start any more."""
        if not self._first:
            return NOTHING_HELD
        word, rest = self._text, piece[1:]
        # A space ends a word and a part of another begins: the common case.
        if (
            piece[:1] == " "
            and rest.isalnum()
            and word.isalnum()
            and piece.isascii()
            and word.isascii()
            and len(word) + len(piece) < _LONGEST_WORD
        ):
            self._text = rest
            lowered = word.lower()
            if self._running or lowered in self._first:
                self._read(lowered, word, 0, len(word))
            self._base += len(word) + 1
            return self._safe() if self._running else self._base
        text = word + piece
        size, done = len(text), 0
        for match in _WORD.finditer(text):
            word, end = match[0], match.end()
            if end == size and not last and not _is_whole(word):
                done = match.start()
                break
            done = end
            self._take(word, word.lower(), match.start(), end)
        self._text = text[done:]
        self._base += done
        return self._safe()

    def _safe(self) -> int:
        if not self._running:
            return self._base
        safe = self._base
        for reader in self._readers:
            if reader.length and reader.start < safe:
                safe = reader.start
        return safe

    def _take(self, word: str, lowered: str, start: int, end: int) -> None:
        if self._running or lowered in self._first:
            self._read(lowered, word, start, end)

    def _read(self, lowered: str, word: str, start: int, end: int) -> None:
        running = False
        for reader in self._readers:
            if reader.length or lowered in reader.first:
                reader.read(lowered, word, self._base + start, self._base + end)
                running = running or reader.length > 0
        self._running = running


def _is_whole(word: str) -> bool:
    """Return whether a word ends where it does, whatever follows."""
    return len(word) == _LONGEST_WORD or _is_cjk(word)


def _is_cjk(word: str) -> bool:
    return "\u3040" <= word[0] <= "\u9fff" or "\uf900" <= word[0] <= "\ufaff"
