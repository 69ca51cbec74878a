"""The thread that owns the model: takes requests, steps the batch, hands pieces back."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import torch

from guards.exchange import Message
from monitor.engines import prompt
from monitor.engines.adapters import BASE
from monitor.engines.batch import RunningBatch
from monitor.engines.forcing import Forced, forced
from monitor.engines.model import LoadedModel
from monitor.engines.packing import Packing
from monitor.engines.prefill import Reader
from monitor.engines.request import Delivery, Request, deliver
from monitor.engines.row import Row
from monitor.engines.sampling import Choice, choose
from monitor.errors import BackstopError, EngineError, OutOfMemory, Unavailable

_NO_NUMBER = "the model's output is not a number (NaN or infinite)"
_NO_MEMORY = "DefaultCPUAllocator"  # torch raises a plain RuntimeError on the CPU

Scores = tuple[float, ...]  # natural log-probabilities of given tokens


@dataclass(frozen=True, slots=True)
class _Running:
    """A row and who waits for it."""

    request: Request
    row: Row


@dataclass(frozen=True, slots=True)
class _Asked:
    """A likelihood that somebody waits for."""

    text: Forced
    done: Future[Scores]


@dataclass(frozen=True, slots=True)
class _Command:
    """Something to do between two steps, and how to say that it will not be done."""

    carry_out: Callable[[], None]
    refuse: Callable[[BackstopError], None]


class Worker:
    """Runs the decode loop. Its public methods may be called from any thread."""

    def __init__(self, model: LoadedModel, *, packing: Packing, threads: int) -> None:
        self._model = model
        self._packing = packing
        self._threads = threads
        self._reader = Reader(model.adapters, model.network, model.device, packing.prefixes)
        self._batch = RunningBatch(self._reader, model.device)
        self._inbox: SimpleQueue[_Command] = SimpleQueue()
        self._waiting: deque[Request] = deque()
        self._read: list[_Running] = []  # their prompts are encoded, and they wait for room
        self._asked: list[_Asked] = []
        self._running: list[_Running] = []
        self._leaving: dict[str, list[Future[None]]] = {}
        self._stopping = False
        self._death: str | None = None
        self._door = threading.Lock()  # nothing enters the inbox once `_death` is set
        self.names: frozenset[str] = frozenset()  # adapters that serve; replaced, never changed
        self._thread = threading.Thread(target=self._run, name="local-engine", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step it is in; what still runs fails with `Unavailable`."""
        if self._death is None:
            self._inbox.put(_Command(self._stop, lambda _: None))
        self._thread.join()

    @property
    def death(self) -> str | None:
        """Why the thread no longer works, or `None`."""
        return self._death

    def submit(self, request: Request) -> None:
        """Queue a request. Raises `Unavailable` if the thread is gone."""
        self._put(
            _Command(
                lambda: self._waiting.append(request), lambda error: deliver([(request, error)])
            )
        )

    def load(self, name: str, folder: Path) -> Future[None]:
        """Load an adapter between two steps."""
        done: Future[None] = _promise()
        self._put(_Command(lambda: self._load(name, folder, done), done.set_exception))
        return done

    def unload(self, name: str) -> Future[None]:
        """Remove an adapter as soon as no row uses it; new requests for it are refused at once."""
        done: Future[None] = _promise()
        self._put(_Command(lambda: self._unload(name, done), done.set_exception))
        return done

    def score(self, messages: Sequence[Message], continuation: str, name: str) -> Future[Scores]:
        """Tell between two steps how likely a continuation of a prompt is."""
        done: Future[Scores] = _promise()
        self._put(
            _Command(lambda: self._score(messages, continuation, name, done), done.set_exception)
        )
        return done

    def _put(self, command: _Command) -> None:
        with self._door:
            if self._death is not None:
                raise Unavailable(self._death)
            self._inbox.put(command)

    # ------------------------------------------------------------ on the thread

    def _run(self) -> None:
        torch.set_num_threads(self._threads)
        try:
            while not self._stopping:
                self._obey()
                self._turn()
            self._die("the local engine is closed")
        except BaseException as error:
            self._die(f"the local engine died: {error!r}; restart the service")
            raise

    def _obey(self) -> None:
        """Carry out what was asked since the last step; wait only if there is nothing to do."""
        idle = not (self._waiting or self._read or self._running)
        try:
            if idle:
                self._inbox.get().carry_out()
            lingering = idle and self._packing.linger_s > 0
            while True:
                self._inbox.get(lingering, self._packing.linger_s).carry_out()
        except Empty:
            return

    @torch.inference_mode()
    def _turn(self) -> None:
        try:
            self._drop_abandoned()
            self._tell_likelihoods()
            self._admit()
            self._step()
        except Exception as error:  # out of memory, a broken kernel: these rows are lost
            self._lose_rows(error)
        self._finish_unloading()

    def _drop_abandoned(self) -> None:
        self._waiting = deque(r for r in self._waiting if not r.abandoned)
        self._read = [run for run in self._read if not run.request.abandoned]
        self._retain([run for run in self._running if not run.request.abandoned])

    def _admit(self) -> None:
        """Let waiting requests join as far as there is room."""
        room = self._packing.room(len(self._running))
        if not room:
            return
        self._encode(max(room, self._packing.ahead))
        widths = [run.row.most for run in self._read]
        count = self._packing.fitting(widths, [run.row.most for run in self._running])
        joining, self._read = self._read[:count], self._read[count:]
        if joining:
            self._join(joining)

    def _encode(self, most: int) -> None:
        """Encode the prompts of waiting requests until so many are ready to join."""
        failed: list[tuple[Request, Delivery]] = []
        before = len(self._read)
        while self._waiting and len(self._read) < most:
            request = self._waiting.popleft()
            try:
                self._read.append(_Running(request, self._row(request)))
            except BackstopError as error:
                failed.append((request, error))
            except Exception as error:  # whatever a tokenizer throws concerns this request only
                failed.append((request, EngineError(f"the prompt cannot be read: {error!r}")))
        deliver(failed)
        if self._packing.ahead and len(self._read) > before:
            self._read.sort(key=lambda run: run.row.most, reverse=True)

    def _join(self, joining: list[_Running]) -> None:
        try:
            logits = self._batch.admit([run.row for run in joining])
            choices = choose(logits, [run.row.sampling for run in joining])
        except Exception as error:  # the running rows go on without them
            _fail(joining, error)
            self._retain(self._running)
            return
        self._running = [*self._running, *joining]
        self._hand_out(joining, choices)

    def _row(self, request: Request) -> Row:
        if request.adapter not in (BASE, *self._model.adapters.names):
            raise EngineError("the version was unloaded before its turn came")
        ids = prompt.encode(
            self._model.tokenizer,
            request.generation.messages,
            self._model.context,
            request.generation.tools,
        )
        return Row(
            request.generation,
            ids,
            adapter=request.adapter,
            limit=self._model.context,
            end_ids=self._model.end_ids,
            tokenizer=self._model.tokenizer,
            texts=self._model.texts,
        )

    def _step(self) -> None:
        """Write one more token of every row."""
        if self._running:
            choices = choose(self._batch.step(), [run.row.sampling for run in self._running])
            self._hand_out(self._running, choices)

    def _hand_out(self, runs: Sequence[_Running], choices: Sequence[Choice | None]) -> None:
        deliveries = [
            (run.request, _advance(run.row, choice))
            for run, choice in zip(runs, choices, strict=True)
        ]
        deliver(deliveries)
        self._retain([run for run in self._running if not run.row.finished])

    def _retain(self, runs: list[_Running]) -> None:
        self._running = runs
        self._batch.keep([run.row for run in runs])

    def _lose_rows(self, error: Exception) -> None:
        failed, self._running = self._running, []
        self._batch.clear()
        _fail(failed, error)

    # ------------------------------------------------------------ commands

    def _load(self, name: str, folder: Path, done: Future[None]) -> None:
        self._settle(name)
        try:
            if name not in self._model.adapters.names:
                self._model.adapters.load(name, folder)
        except BackstopError as error:
            done.set_exception(error)
            return
        except Exception as error:  # whatever PEFT throws concerns this adapter only
            done.set_exception(EngineError(f"{folder} cannot be loaded: {error!r}"))
            return
        self._publish()
        done.set_result(None)

    def _score(
        self, messages: Sequence[Message], continuation: str, name: str, done: Future[Scores]
    ) -> None:
        model = self._model
        try:
            if name not in (BASE, *model.adapters.names):
                raise EngineError("the version was unloaded before its turn came")
            ids, count = prompt.encode_with(model.tokenizer, messages, continuation, model.context)
            self._asked.append(_Asked(Forced(ids[:-count], ids[-count:], name), done))
        except BackstopError as error:
            done.set_exception(error)
        except Exception as error:  # a tokenizer: this question alone is lost
            done.set_exception(_failure(error))

    def _tell_likelihoods(self) -> None:
        """Tell what was asked since the last step, texts of like length in one pass."""
        asked, self._asked = self._asked, []
        asked.sort(key=lambda each: (len(each.text.prompt), each.text.prompt), reverse=True)
        while asked:
            count = self._packing.fitting([each.text.length for each in asked], [])
            _tell(self._reader, asked[:count])
            asked = asked[count:]

    def _unload(self, name: str, done: Future[None]) -> None:
        self._leaving.setdefault(name, []).append(done)
        self._publish()

    def _finish_unloading(self) -> None:
        """Remove the adapters that nobody uses any more."""
        if not self._leaving:
            return
        used = {run.row.adapter for run in self._running} | {r.adapter for r in self._waiting}
        used |= {run.row.adapter for run in self._read}
        for name in [name for name in self._leaving if name not in used]:
            try:
                self._reader.forget(name)
                self._model.adapters.unload(name)
            except Exception as error:  # it stays loaded, which harms nobody
                self._settle(name, EngineError(f"{name} cannot be unloaded: {error!r}"))
            else:
                self._settle(name)
        self._publish()

    def _settle(self, name: str, error: EngineError | None = None) -> None:
        """Answer those who asked to unload an adapter: it is gone, wanted again, or stuck."""
        for done in self._leaving.pop(name, []):
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    def _publish(self) -> None:
        self.names = frozenset(self._model.adapters.names) - self._leaving.keys()

    def _stop(self) -> None:
        self._stopping = True

    def _die(self, why: str) -> None:
        """Tell everybody who waits."""
        with self._door:
            self._death = why
        self.names = frozenset()
        error = Unavailable(why)
        requests = [*self._waiting, *(run.request for run in [*self._read, *self._running])]
        deliver([(request, error) for request in requests])
        for asked in self._asked:
            asked.done.set_exception(error)
        while not self._inbox.empty():
            self._inbox.get().refuse(error)
        for name in list(self._leaving):
            self._settle(name)


def _promise() -> Future[Any]:
    """Return a future that its waiters cannot cancel: they may stop waiting, the work goes on."""
    done: Future[Any] = Future()
    done.set_running_or_notify_cancel()
    return done


def _tell(reader: Reader, asked: Sequence[_Asked]) -> None:
    try:
        told = forced(reader, [each.text for each in asked])
    except Exception as error:  # out of memory, a broken kernel: these questions are lost
        for each in asked:
            each.done.set_exception(_failure(error))
        return
    for each, logprobs in zip(asked, told, strict=True):
        if all(math.isfinite(value) for value in logprobs):
            each.done.set_result(logprobs)
        else:
            each.done.set_exception(EngineError(_NO_NUMBER))


def _advance(row: Row, choice: Choice | None) -> Delivery:
    """Give a row its next token; an error ends this row only."""
    try:
        if choice is not None:
            return row.accept(choice)
        error = EngineError(_NO_NUMBER)
    except Exception as trouble:  # a decoder that cannot show a token
        error = EngineError(f"the answer cannot be decoded: {trouble!r}")
    row.finished = True
    return error


def _fail(runs: Sequence[_Running], error: Exception) -> None:
    failure = _failure(error)
    deliver([(run.request, failure) for run in runs])


def _failure(error: Exception) -> EngineError:
    """Return our error for a step that failed; a lack of memory is told apart."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or _NO_MEMORY in str(error):
        return OutOfMemory(f"a step of the model found no memory: {error}")
    return EngineError(f"a step of the model failed: {error!r}")
