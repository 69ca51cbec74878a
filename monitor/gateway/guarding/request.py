"""One request under blocking guards: what they know of it, and what they have said of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from guards.checks import judgement, lane
from guards.checks.context import GuardContext
from guards.checks.judgement import Judgement, Report
from guards.exchange import Message
from guards.guarded import Guarded, GuardVerdict
from monitor.gateway import questions
from monitor.ports.handover import Dialect
from monitor.runtime.guard_counts import GuardCounts
from monitor.runtime.guarding import GuardedText, GuardSet

EXTENSION = "backstop"  # the field in which a caller reads what happened
REASON = "content_filter"  # OpenAI's and Azure's word for an answer that a filter has ended
_LONGEST_GLANCE = 256  # characters
_LONG_CONTEXT = 2_048  # characters from which on it is not prepared on the event loop
HEADER = (b"x-backstop-guard", b"blocked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarding:
    """The blocking guards of a deployment, in a gateway.

    Args:
        most_bytes: a longer whole answer, or a longer event of a stream, is blocked.
    """

    deployment: str
    guards: GuardSet
    counts: GuardCounts
    most_bytes: int = 4 << 20

    def of(self, dialect: Dialect, body: bytes) -> GuardedRequest:
        """Return what guards the answers to a request."""
        question = questions.read(dialect, body)
        choices = question.choices * max(1, len(question.prompts))
        contexts = [self.guards.context(prompt) for prompt in question.prompts or ((),)]
        return GuardedRequest(self, contexts, choices, is_text=dialect is Dialect.TEXT)

    def of_prompt(self, messages: tuple[Message, ...]) -> GuardedRequest:
        """Return what guards the one answer to a prompt."""
        return GuardedRequest(self, [self.guards.context(messages)], 1, is_text=False)


class GuardedRequest:
    """Guards the choices of one request's answer.

    Attributes:
        is_text: whether it is a text completion, and no chat.
        expected: how many choices the caller asked for.
        guarded: by the index of a choice, once it has ended or was blocked.
    """

    def __init__(
        self,
        guarding: Guarding,
        contexts: list[GuardContext],
        expected: int,
        *,
        is_text: bool,
    ) -> None:
        self.guarding = guarding
        self.is_text = is_text
        self.expected = expected
        self.guarded: dict[int, Guarded] = {}
        self._contexts = contexts
        self._cold = {id(each) for each in contexts if _size(each) > _LONG_CONTEXT}
        applied = guarding.guards.applied
        self._scanning = tuple(each for each in applied if lane.is_scanning(each))

    @property
    def blocked(self) -> bool:
        """Whether a choice was blocked."""
        return any(each.verdict is GuardVerdict.BLOCK for each in self.guarded.values())

    async def prepare(self, choice: int) -> None:
        """Let guards read a long prompt off the event loop; what they know of it is cached."""
        context = self._context(choice)
        if id(context) in self._cold:
            await asyncio.to_thread(lane.opened, self._scanning, context)
            self._cold.discard(id(context))

    def text(self, choice: int, *, is_main: bool = True) -> GuardedText:
        """Return the guard of one text of a choice; only the main one is held against a schema."""
        guards = self.guarding.guards
        if not is_main:
            guards = replace(guards, applied=self._scanning)
        return GuardedText(guards, self._context(choice))

    def glance(self, choice: int, words: str) -> tuple[Report, ...]:
        """Return what patterns say of a few words that come whole, such as a tool's name.

        More than 256 characters are not looked into, and blocked.
        """
        if len(words) > _LONGEST_GLANCE:
            return self.guarding.guards.failed().reports
        return judgement.judge(words, self._context(choice), self._scanning).reports

    def conclude(self, choice: int, reports: tuple[Report, ...]) -> Guarded:
        """Take what was said of all texts of a choice; count it, once, and return it."""
        return self._note(choice, judgement.conclude(judgement.merged(reports)))

    def fail(self, choice: int) -> Guarded:
        """Block a choice that cannot be read, or not in time."""
        return self._note(choice, self.guarding.guards.failed())

    def _note(self, choice: int, judged: Judgement) -> Guarded:
        found = self.guarded.get(choice)
        if found is None:
            found = self.guarded[choice] = judged.guarded()
            self.guarding.counts.note(self.guarding.deployment, judged.reports)
        return found

    def _context(self, choice: int) -> GuardContext:
        per_prompt = max(1, self.expected // len(self._contexts))
        return self._contexts[min(choice // per_prompt, len(self._contexts) - 1)]


def _size(context: GuardContext) -> int:
    return sum(len(each.content) for each in context.messages)


def told(guarded: Guarded) -> Mapping[str, object]:
    """Return what a caller reads of a blocked choice, in the extension field."""
    return {
        "guard": "blocked",
        "message": "a guard of this service has blocked the rest of this answer",
        "found": dict(guarded.kinds),
        "unchecked": list(guarded.failed_closed),
    }
