"""Guards against answers that repeat what they must not: the system prompt, injected orders."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from guards.checks.context import GuardContext
from guards.checks.finding import Finding
from guards.checks.folding import folded
from guards.checks.guard import Hit, hit, scanned
from guards.checks.runs import Run, RunReader, WordReader, automaton

LEAK_WORDS = 12  # in a row: shorter runs of a system prompt turn up in honest answers
ECHO_WORDS = 5  # Chinese and Japanese characters are half a word
LONGEST_PROMPT = 100_000  # characters of a system prompt that are looked at
LONGEST_CONTEXT = 400_000  # characters of all of a context's texts that are searched for orders
_WINDOW, _OVERLAP = 10_000, 300  # characters; one search holds the interpreter

# Orders that take a model away from its instructions, as collected by Perez and Ribeiro, "Ignore
# Previous Prompt" (2022), and Greshake et al. (2023); English, German, French, Spanish, Japanese.
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n。]{0,80}\b(?:instructions?|prompts?|"
    r"rules|directions|guidelines|context|told|messages?|orders|polic(?:y|ies)|training|safeguards)"
    r"|\b(?:you are|you're) now\b|\bfrom now on,? you\b|\bnew (?:system )?instructions?:"
    r"|\b(?:do not|don't|never) (?:tell|inform|mention|reveal)[^.!?\n。]{0,30}\buser"
    r"|\b(?:reveal|print|repeat|output|show|send|leak)\b[^.!?\n。]{0,30}\b(?:system prompt|hidden "
    r"instructions?|initial instructions?|api keys?|secrets?|password)"
    r"|\b(?:pretend|act as if) (?:you|to be)\b|\bdeveloper mode\b|\bjailbr[eo][a]?k"
    r"|\b(?:ignoriere?n?|vergiss|vergessen sie|missachte)\b[^.!?\n。]{0,50}\b(?:anweisung|regel|vorgabe|befehl)"
    r"|\b(?:ignore[rz]?|oublie[rz]?)\b[^.!?\n。]{0,50}\b(?:instructions?|consignes?|r[èe]gles)"
    r"|\b(?:ignora|olvida|omite)\b[^.!?\n。]{0,50}\b(?:instrucciones|reglas|indicaciones)"
    r"|(?:指示|命令|ルール|プロンプト|規則)[^。!?\n]{0,12}(?:無視|忘れ|従わ)|システムプロンプト[^。!?\n]{0,12}(?:出力|表示|教え)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。\n]")
_AROUND = 300  # characters of a sentence on each side of an order


class OverlongContext(ValueError):
    """What callers and tools handed in is too long to be searched for orders."""


@dataclass(frozen=True, slots=True)
class RepetitionGuard:
    """Looks for runs of words that the answer has in common with sources from the context.

    Args:
        name: what settings and counts go by.
        kind: name of the findings.
        sources: folded texts that must not come out.
        threshold: words in a row, at least 2; a Chinese or Japanese character is half a word.
    """

    name: str
    kind: str
    sources: Callable[[GuardContext], tuple[str, ...]]
    threshold: int

    def check(self, answer: str, context: GuardContext) -> tuple[Finding, ...]:
        """Return what is wrong with a whole answer, in its order."""
        return scanned(answer, self.scan(context))

    def scan(self, context: GuardContext) -> RunScan:
        """Return a reader for one answer."""
        return RunScan((self,), context)


class RunScan:
    """Reads the folded text of one answer for the runs of one or more guards."""

    def __init__(self, guards: Sequence[RepetitionGuard], context: GuardContext) -> None:
        self._kinds = [guard.kind for guard in guards]
        self.log: list[Run] = []
        readers = [
            RunReader(automaton(guard.sources(context)), guard.threshold, self.log, index)
            for index, guard in enumerate(guards)
        ]
        active = [reader for reader in readers if reader.first]
        self._words = WordReader(active)
        # Reads on; returns the place in front of which nothing can be found any more.
        self.feed: Callable[[str], int] = self._words.feed

    def finish(self) -> None:
        """Take the text as ended."""
        self._words.feed("", last=True)

    def hits(self) -> tuple[Hit, ...]:
        """Return what was found until now."""
        return tuple(map(self._hit, self.log))

    def hits_of(self, group: int) -> Callable[[], tuple[Hit, ...]]:
        """Return a function that returns what one guard's reader has found until now."""
        return lambda: tuple(self._hit(run) for run in self.log if run.reader == group)

    def _hit(self, run: Run) -> Hit:
        return hit(self._kinds[run.reader], run.start, run.end, 0.9, run.beginning)


def prompt_leak(threshold: int = LEAK_WORDS) -> RepetitionGuard:
    """Return the guard against answers that give the system prompt away."""
    return RepetitionGuard("system_prompt", "system_prompt_leak", _system_prompt, threshold)


def injection_echo(threshold: int = ECHO_WORDS) -> RepetitionGuard:
    """Return the guard against answers that repeat orders hidden in what the model was given."""
    return RepetitionGuard("injection_echo", "injection_echo", orders, threshold)


def orders(context: GuardContext) -> tuple[str, ...]:
    """Return the sentences of callers' and tools' texts that give the model other orders.

    Raises:
        OverlongContext: if the texts have over 400,000 characters.
    """
    if sum(map(len, context.supplied)) > LONGEST_CONTEXT:
        raise OverlongContext(f"the context has over {LONGEST_CONTEXT:,} characters")
    return tuple(order for text in context.supplied for order in _orders(text))


def _system_prompt(context: GuardContext) -> tuple[str, ...]:
    prompt = context.system_prompt[:LONGEST_PROMPT]
    return _folded_source(prompt) if prompt else ()


# One system prompt stands in front of all of a deployment's answers.
@lru_cache(maxsize=16)
def _folded_source(text: str) -> tuple[str, ...]:
    return (folded(text),)


@lru_cache(maxsize=64)
def _orders(text: str) -> tuple[str, ...]:
    plain = folded(text)
    found = (
        _sentence(plain, match)
        for start in range(0, len(plain), _WINDOW)
        for match in _ORDER.finditer(plain, start, start + _WINDOW + _OVERLAP)
    )
    return tuple(dict.fromkeys(found))


def _sentence(text: str, order: re.Match[str]) -> str:
    """Return the sentence around an order, at most 300 characters to each side."""
    first = max(order.start() - _AROUND, 0)
    starts = [end.end() for end in _SENTENCE_END.finditer(text, first, order.start())]
    stop = _SENTENCE_END.search(text, order.end(), order.end() + _AROUND)
    end = stop.start() if stop else order.end() + _AROUND
    return text[starts[-1] if starts else first : end].strip()
