"""One choice of an answer under guards: of each part of it, what the caller may have by now."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from guards.checks.judgement import Report
from monitor.gateway.guarding.held_logprobs import HeldLogprobs
from monitor.gateway.guarding.request import EXTENSION, REASON, GuardedRequest, told
from monitor.runtime.guarding import GuardedText

Json = dict[str, Any]
TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
_LONGEST_ID = 128
# What else stands in these fields could be the answer's text.
_ROLES = frozenset({"assistant", "user", "system", "developer", "tool", "function"})
_TYPES = frozenset({"function", "custom"})
_REASONS = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter", "abort"})


class Unreadable(Exception):
    """A part of an answer has no shape that guards can look into."""


class GuardedChoice:
    """Takes a choice event by event. Every text in it has a guard of its own, all of one verdict.

    What is no text known here is left out: guards could not look into it.

    Args:
        logprobs: whether the caller may see log-probabilities.

    Attributes:
        closed: whether it has ended or was blocked; cut: whether it was blocked before its end.
    """

    def __init__(self, request: GuardedRequest, index: int, *, logprobs: bool) -> None:
        self._request = request
        self._is_text = request.is_text
        self._main = "text" if request.is_text else "content"
        self._index = index
        self._wants_logprobs = logprobs
        self._texts: dict[Hashable, GuardedText] = {}
        self._glances: tuple[Report, ...] = ()
        self._names: dict[Hashable, str] = {}  # of called tools, as far as they have come
        self._logprobs: HeldLogprobs[Json] = HeldLogprobs()
        self.closed = False
        self.cut = False

    def say(self, text: str) -> str | None:
        """Take a piece of the answer's text, and nothing with it; return what may go out.

        `None` says that nothing was taken: it is to be read as an event of its own.
        """
        reader = self._texts.get(self._main)
        if self.closed or reader is None or not reader.is_short(text):
            return None
        return reader.feed_short(text)

    def stop(self, cleared: str) -> Json | None:
        """Return the end of a choice that was blocked in `say`, `None` where it was not."""
        if self.closed or not self._texts[self._main].blocked:
            return None
        out = self._empty()
        _add(out, self._main, cleared)
        return self._block(out, cut=True)

    async def take(self, choice: Json) -> Json | None:
        """Return the choice as the caller may have it now, `None` for nothing. Raises `Unreadable`."""
        if self.closed:
            return None
        await self._request.prepare(self._index)
        out = {**self._empty(), **self._stop_of(choice)}
        if self._is_text:
            out["text"] = await self._text("text", choice.get("text")) or ""
        else:
            out["delta"] = await self._said(_mapping(choice.get("delta")))
        self._keep_logprobs(choice.get("logprobs"))
        reason = choice.get("finish_reason")
        if not isinstance(reason, str | None):
            raise Unreadable("finish_reason is no text")
        if reason is not None and not self._blocked:
            await self._finish(out)
        if self._blocked:
            return self._block(out, cut=reason is None)
        if reason is not None:
            self._conclude()
            out["finish_reason"] = reason if reason in _REASONS else "stop"
        out["logprobs"] = self._cleared_logprobs()
        return out if self._says_something(out) else None

    async def end(self) -> Json | None:
        """Take an answer that ends without a reason; return what may still go out."""
        if self.closed:
            return None
        await self._request.prepare(self._index)
        out = self._empty()
        await self._finish(out)
        if self._blocked:
            return self._block(out, cut=False)
        self._conclude()
        out["logprobs"] = self._cleared_logprobs()
        return out if self._says_something(out) else None

    def fail(self) -> Json | None:
        """Return the end of a choice that cannot be read any further."""
        if self.closed:
            return None
        self._request.fail(self._index)
        return self._block(self._empty(), cut=True)

    @property
    def _blocked(self) -> bool:
        glanced = any(each.findings or each.failed for each in self._glances)
        return glanced or any(text.blocked for text in self._texts.values())

    @property
    def _calls_tools(self) -> bool:
        return bool(self._names) or any(
            isinstance(name, tuple) or name == "function" for name in self._texts
        )

    def _empty(self) -> Json:
        said: Json = {"text": ""} if self._is_text else {"delta": {}}
        return {"index": self._index, **said, "logprobs": None, "finish_reason": None}

    async def _said(self, said: Json) -> Json:
        out: Json = {}
        if isinstance(said.get("role"), str) and said["role"] in _ROLES:
            out["role"] = said["role"]
        for name in TEXTS:
            cleared = await self._text(name, said.get(name))
            if cleared or (cleared is not None and said[name] == ""):
                out[name] = cleared
        calls = [
            await self._call(each, place) for place, each in enumerate(_list(said, "tool_calls"))
        ]
        if any(calls):
            out["tool_calls"] = [each for each in calls if each]
        function = await self._function("function", _mapping(said.get("function_call")))
        if function:
            out["function_call"] = function
        return out

    async def _text(self, name: Hashable, value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise Unreadable(f"{name} is no text")
        if not value:
            return ""
        return await self._reader(name).feed(value)

    def _reader(self, name: Hashable) -> GuardedText:
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = self._request.text(self._index, is_main=name == self._main)
        return found

    async def _call(self, call: object, place: int) -> Json:
        """Return what may go out of a call of a tool; nothing while its arguments are held."""
        given = _mapping(call)
        index = given.get("index", place)
        if not isinstance(index, int):
            raise Unreadable("a call's index is no number")
        function = await self._function(("call", index), _mapping(given.get("function")))
        named = self._named(given)
        return {"index": index, **named, "function": function} if function or named else {}

    def _named(self, call: Json) -> Json:
        """Return what identifies a call, as far as guards let it pass."""
        key, kind = call.get("id"), call.get("type")
        named: Json = {}
        if isinstance(key, str) and len(key) <= _LONGEST_ID and self._passes(key):
            named["id"] = key
        if isinstance(kind, str) and kind in _TYPES:
            named["type"] = kind
        return named

    def _passes(self, words: str) -> bool:
        """Return whether a few words that come whole may go out; if not, the choice is blocked."""
        self._glances += self._request.glance(self._index, words)
        return not self._blocked

    def _stop_of(self, choice: Json) -> Json:
        stop = choice.get("stop_reason")  # vLLM: the caller's own stop string that was met
        if isinstance(stop, str) and not self._passes(stop):
            return {}
        return {"stop_reason": stop} if isinstance(stop, int | str) else {}

    async def _function(self, lane: Hashable, function: Json) -> Json:
        out: Json = {}
        name = function.get("name")
        if isinstance(name, str) and name:
            self._names[lane] = self._names.get(lane, "") + name
            if self._passes(self._names[lane]):
                out["name"] = name
        arguments = await self._text(lane, function.get("arguments"))
        if arguments or (arguments is not None and "name" in out):
            out["arguments"] = arguments
        return out

    async def _finish(self, out: Json) -> None:
        """Take every text as ended, and add what it still gives.

        An answer without a word is one, too, unless it calls tools or refuses.
        """
        if not (self._calls_tools or "refusal" in self._texts):
            self._reader(self._main)
        for name, text in self._texts.items():
            _add(out, name, await text.finish())
            if text.blocked:
                return

    def _block(self, out: Json, *, cut: bool) -> Json:
        self.closed, self.cut = True, cut
        reports = (each for text in self._texts.values() for each in text.reports)
        guarded = self._request.conclude(self._index, (*reports, *self._glances))
        return {**out, "logprobs": None, "finish_reason": REASON, EXTENSION: told(guarded)}

    def _conclude(self) -> None:
        self.closed = True
        reports = (each for text in self._texts.values() for each in text.reports)
        self._request.conclude(self._index, (*reports, *self._glances))

    def _keep_logprobs(self, given: object) -> None:
        if not self._wants_logprobs or not isinstance(given, dict):
            return
        entries = _text_entries(given) if self._is_text else _chat_entries(given)
        if entries:
            self._logprobs.add(entries, sum(map(_length, entries)), self._marks())

    def _marks(self) -> Callable[[], bool]:
        marks = [(text, text.fed) for text in self._texts.values()]
        return lambda: all(text.released >= fed for text, fed in marks)

    def _cleared_logprobs(self) -> Json | None:
        if self.closed:
            entries = self._logprobs.rest()
        else:
            entries = self._logprobs.take(sum(text.released for text in self._texts.values()))
        if not entries:
            return None
        if not self._is_text:
            return {"content": entries, "refusal": None}
        return {key: [entry.get(key) for entry in entries] for key in entries[0]}

    def _says_something(self, out: Json) -> bool:
        said = out.get("delta") or out.get("text")
        return bool(said or out["logprobs"]) or out["finish_reason"] is not None


def _chat_entries(given: Json) -> list[Json]:
    return [each for each in _list(given, "content") if isinstance(each, dict)]


def _text_entries(given: Json) -> list[Json]:
    """Return an entry for each token, of the lists that have one for each."""
    size = len(_list(given, "tokens"))
    columns = {
        key: value for key, value in given.items() if isinstance(value, list) and len(value) == size
    }
    return [{key: value[row] for key, value in columns.items()} for row in range(size)]


def _length(entry: Json) -> int:
    token = entry.get("token", entry.get("tokens"))
    return len(token) if isinstance(token, str) else 0


def _add(out: Json, name: Hashable, rest: str) -> None:
    """Put the rest of a text where its name says."""
    if not rest:
        return
    if name == "text":
        out["text"] += rest
        return
    delta = out["delta"]
    if isinstance(name, tuple):
        calls = delta.setdefault("tool_calls", [])
        own = next((each for each in calls if each["index"] == name[1]), None)
        if own is None:
            own = {"index": name[1], "function": {}}
            calls.append(own)
        delta = own["function"]
        name = "arguments"
    elif name == "function":
        delta = delta.setdefault("function_call", {})
        name = "arguments"
    delta[name] = delta.get(name, "") + rest


def _mapping(value: object) -> Json:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable("a part of the answer is no object")
    return value


def _list(holder: Json, key: str) -> list[Any]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{key} is no list")
    return value
