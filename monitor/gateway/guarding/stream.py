"""A stream of server-sent events under guards: what was cleared goes on, in events of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from monitor.gateway.guarding import frames
from monitor.gateway.guarding.choice import GuardedChoice, Unreadable
from monitor.gateway.guarding.events import Events, Overlong
from monitor.gateway.guarding.request import GuardedRequest
from monitor.gateway.guarding.template import Template, learned

Json = dict[str, Any]
_AT_ONCE = 32  # events, between which nobody else has a turn
_DONE = b"data: [DONE]\n\n"
_ALIVE = b": held\n\n"  # a comment: the engine is at work, and so is a guard


class GuardedStream:
    """Turns the engine's bytes into those that the caller may have.

    Args:
        logprobs: whether the caller may see log-probabilities.

    Attributes:
        over: whether nothing more goes out, so that the engine can be stopped.
    """

    def __init__(self, request: GuardedRequest, *, logprobs: bool) -> None:
        self._request = request
        self._logprobs = logprobs
        self._events = Events(request.guarding.most_bytes)
        self._choices: dict[int, GuardedChoice] = {}
        self._head: Json = {}
        self._template: Template | None = None
        self._waits = request.guarding.guards.needs_whole
        self.over = False

    async def feed(self, chunk: bytes) -> bytes:
        """Take a part of the stream; return what may go on by now."""
        try:
            events = self._events.feed(chunk)
        except Overlong:
            return self.fail()
        return await self._all(events) or (_ALIVE if self._waits and events else b"")

    async def end(self) -> bytes:
        """Take the stream as ended; return the rest."""
        out = await self._all(self._events.end())
        return out if self.over else out + await self._rest()

    def fail(self) -> bytes:
        """Block everything that has not ended: it cannot be checked."""
        self._choices = self._choices or {0: self._choice(0)}
        ended = [choice.fail() for choice in self._choices.values()]
        return self._close(each for each in ended if each is not None)

    async def _all(self, events: Iterable[bytes]) -> bytes:
        out: list[bytes] = []
        for number, data in enumerate(events, start=1):
            if self.over:
                break
            if not number % _AT_ONCE:
                await asyncio.sleep(0)
            usual = self._usual(data)
            if usual is not None:
                out.append(usual)
                continue
            try:
                out.append(await self._event(data))
            except Unreadable:
                out.append(self.fail())
        return out[0] if len(out) == 1 else b"".join(out)

    def _usual(self, data: bytes) -> bytes | None:
        """Return what goes on of an event like the one before it, `None` if it is none."""
        template = self._template
        text = None if template is None else template.text_in(data)
        if template is None or not text:
            return None
        choice = self._choices[template.index]
        cleared = choice.say(text)
        if cleared is None:
            return None
        end = choice.stop(cleared)
        if end is None:
            return template.event(cleared) if cleared else b""
        return (
            self._close([end]) if self._is_cut else frames.event({**self._head, "choices": [end]})
        )

    async def _event(self, data: bytes) -> bytes:
        if data == b"[DONE]":
            rest = await self._rest()
            self.over = True
            return rest + _DONE
        if not data:
            return b""
        answer = frames.read(data)
        if answer.get("error") is not None:
            return frames.event({"error": answer["error"]})
        self._head = frames.head_of(answer)
        given = frames.choices_of(answer)
        taken = [await self._choice(index).take(choice) for index, choice in given]
        out = [each for each in taken if each is not None]
        usage = frames.usage_of(answer)
        if self._is_cut:
            return self._close(out, **usage)
        if not out and (given or not usage):
            return b""
        whole = {**self._head, "choices": out, **usage}
        if self._template is None and len(given) == 1 == len(out):
            self._template = learned(data, answer, whole)
        return frames.event(whole)

    @property
    def _is_cut(self) -> bool:
        """Whether all choices have ended, and one before the engine ended it."""
        choices = self._choices.values()
        return (
            len(choices) >= self._request.expected
            and all(each.closed for each in choices)
            and any(each.cut for each in choices)
        )

    def _choice(self, index: int) -> GuardedChoice:
        found = self._choices.get(index)
        if found is None:
            found = GuardedChoice(self._request, index, logprobs=self._logprobs)
            self._choices[index] = found
        return found

    def _close(self, choices: Iterable[Json], **more: Any) -> bytes:
        """Return the last event, and what clients wait for."""
        self.over = True
        return frames.event({**self._head, "choices": list(choices), **more}) + _DONE

    async def _rest(self) -> bytes:
        """Return what choices still hold that the engine has ended without a word."""
        ended = [await choice.end() for choice in self._choices.values()]
        out = [each for each in ended if each is not None]
        return frames.event({**self._head, "choices": out}) if out else b""
