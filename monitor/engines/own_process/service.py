"""The engine's own process: opens a local engine and answers whoever started it."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from monitor.engines import base_identity
from monitor.engines.local import LocalEngine
from monitor.engines.model import device_of
from monitor.engines.own_process import wire
from monitor.engines.own_process.wire import Start
from monitor.engines.packing import Packing
from monitor.errors import BackstopError, EngineError
from monitor.ports.engine import Piece
from monitor.ports.golden_host import Usage
from monitor.runtime import frames

_KIB = 1024
_AHEAD = 4096  # requests; a run asks for a window of its cases at a time
_LINGER_S = 0.02  # a window comes in pieces, one for each question
_PREFIXES = 4  # of the versions that a run compares, and the base model


def main(descriptor: int) -> None:
    """Serve on a socket until its other end closes; then end at once, whatever is under way."""
    asyncio.run(_serve(socket.socket(fileno=descriptor)))


async def _serve(theirs: socket.socket) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=theirs)
    first = await frames.read(reader, wire.MOST_BYTES)
    if first is not None:
        service = _Service(Start(**wire.decoded(first)), writer)
        while (payload := await frames.read(reader, wire.MOST_BYTES)) is not None:
            service.take(wire.decoded(payload))
    os._exit(0)


class _Service:
    """Does what it is asked, each thing beside the others."""

    def __init__(self, start: Start, writer: asyncio.StreamWriter) -> None:
        self._start = start
        self._writer = writer
        self._opening = asyncio.create_task(asyncio.to_thread(_opened, start))
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def take(self, message: Mapping[str, Any]) -> None:
        """Begin what a message asks for, or end what it abandons."""
        number = message["id"]
        if message["do"] == "abandon":
            if number in self._tasks:
                self._tasks[number].cancel()
            return
        task = asyncio.create_task(self._do(message))
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number))

    async def _do(self, message: Mapping[str, Any]) -> None:
        told: dict[str, Any]
        try:
            told = {"value": await self._value(await asyncio.shield(self._opening), message)}
        except BackstopError as error:
            told = {"error": wire.error_record(error)}
        except Exception as error:  # a defect here concerns this question only
            told = {"error": wire.error_record(EngineError(repr(error)))}
        self._writer.write(frames.framed(wire.encoded({"id": message["id"], **told})))

    async def _value(self, engine: LocalEngine, message: Mapping[str, Any]) -> Any:
        match message["do"]:
            case "load":
                await engine.load(message["version"], Path(message["folder"]))
            case "unload":
                await engine.unload(message["version"])
            case "complete":
                generation = wire.generation_of(message["generation"])
                return await _answer(engine.complete(generation, message["version"]))
            case "score":
                messages = wire.messages_of(message["messages"])
                return await engine.score(messages, message["continuation"], message["version"])
            case "usage":
                return asdict(_usage(self._start))
            case "identity":
                return await asyncio.to_thread(_identity, self._start)
        return None


async def _answer(pieces: AsyncGenerator[Piece, None]) -> dict[str, Any]:
    async with aclosing(pieces):
        return wire.answer_record([piece async for piece in pieces])


def _opened(start: Start) -> LocalEngine:
    """Keep to the share of the GPU, and load the model."""
    device = device_of(start.device)
    if device.type == "cuda":
        torch.cuda.set_per_process_memory_fraction(start.memory_share, device.index or 0)
    return LocalEngine.open(
        Path(start.model),
        device=start.device,
        packing=Packing(
            rows=start.max_batch,
            columns=start.columns,
            ahead=_AHEAD,
            linger_s=_LINGER_S,
            prefixes=_PREFIXES,
        ),
        threads=start.threads,
    )


def _usage(start: Start) -> Usage:
    device = device_of(start.device)
    on_device = torch.cuda.max_memory_reserved(device.index or 0) if device.type == "cuda" else None
    return Usage(
        device=str(device),
        host_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB,
        device_bytes=on_device,
    )


def _identity(start: Start) -> dict[str, Any]:
    parts = base_identity.parts_of(Path(start.model))
    return {"parts": parts, "place": device_of(start.device).type}
