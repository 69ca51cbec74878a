"""Load with streams, and what each event took: one event loop on bare sockets, parsing next to nothing.

Callers ask `/v1/chat/completions` for streams of the upstream here; times come from the events
themselves. Each caller asks for `--rounds` streams, one after the other; 0 goes on until SIGTERM,
which lets the streams under way come to their end.

    python -m bench.peers.streams --url http://127.0.0.1:8000 --streams 1000 --out result.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import sys
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

_TIMES = re.compile(rb'"written_ns":(\d+)')
_MODELS = re.compile(rb'"model":"([^"]+)"')
_GOOD = b"HTTP/1.1 200"
_DONE, _END = b"data: [DONE]", b"0\r\n\r\n"
_LONGEST_EVENT = 4096
_FINISH_LIMIT_S = 30.0


@dataclass(slots=True, kw_only=True)
class Tally:
    """What all streams together have shown.

    Args:
        delays_ms: of each event, from written to read.
        asked: of each stream: Unix time at which it was asked for, the models that its events
            name, and whether it came to its end.
    """

    delays_ms: array[float] = field(default_factory=lambda: array("d"))
    asked: list[tuple[float, list[str], bool]] = field(default_factory=list)
    broken: int = 0
    refused: int = 0


class Caller(asyncio.Protocol):
    """One connection, one stream after the other."""

    def __init__(self, request: bytes, tally: Tally, *, rounds: int, since_ns: int) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = rounds
        self._request = request
        self._tally = tally
        self._since_ns = since_ns
        self._rest = b""
        self._models: set[bytes] = set()
        self._asked_at = 0.0
        self._under_way = self._fresh = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first stream."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take the times of all events that have come."""
        now = time.monotonic_ns()
        if self._fresh and not data.startswith(_GOOD):
            self._transport.close()
            return
        self._fresh = False
        text = self._rest + data
        cut = text.rfind(b"\n\n") + 2
        if cut >= 2:
            whole, self._rest = text[:cut], text[cut:]
            if now >= self._since_ns:
                delays = self._tally.delays_ms
                for written in _TIMES.findall(whole):
                    delays.append((now - int(written)) / 1e6)
            self._models.update(_MODELS.findall(whole))
            if _DONE in whole:
                self._rest = whole[-64:] + self._rest
        else:
            self._rest = text[-_LONGEST_EVENT:]
        if self._rest.endswith(_END):
            self._finish(_DONE in self._rest)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a stream that has not come to its end."""
        if self._under_way:
            self._close_stream(complete=False)
        if not self.ended.done():
            self.ended.set_result(None)

    def finish(self) -> None:
        """Ask for no further stream."""
        self._left = 1

    def leave(self) -> None:
        """Hang up; the stream under way does not count."""
        self._under_way = False
        self._transport.abort()

    def _ask(self) -> None:
        self._rest = b""
        self._fresh = True
        self._models = set()
        self._asked_at = time.time()
        self._under_way = True
        self._transport.write(self._request)

    def _finish(self, complete: bool) -> None:
        self._close_stream(complete=complete)
        self._left -= 1
        if self._left:
            self._ask()
        else:
            self._transport.close()

    def _close_stream(self, *, complete: bool) -> None:
        self._under_way = False
        self._tally.broken += not complete
        models = sorted(model.decode() for model in self._models)
        self._tally.asked.append((self._asked_at, models, complete))


async def run(asked: argparse.Namespace) -> Tally:
    """Open all streams, spread over one interval, and wait for their end."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    since_ns = time.monotonic_ns() + int(asked.warm_up * 1e9)
    callers: list[Caller] = []
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    host = urlsplit(asked.url)
    request = request_of(asked)
    for _ in range(asked.streams):
        try:
            _, caller = await loop.create_connection(
                lambda: Caller(request, tally, rounds=asked.rounds, since_ns=since_ns),
                host.hostname,
                host.port,
            )
        except OSError:
            tally.refused += 1
            continue
        callers.append(caller)
        await asyncio.sleep(asked.spread / asked.streams)
    await _until_over(callers, over, asked.seconds)
    return tally


async def _until_over(callers: Sequence[Caller], over: asyncio.Event, seconds: float) -> None:
    ending = asyncio.gather(*(caller.ended for caller in callers))
    told = asyncio.ensure_future(over.wait())
    await asyncio.wait((ending, told), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    for caller in callers:
        caller.finish()
    await asyncio.wait((ending,), timeout=_FINISH_LIMIT_S)
    for caller in callers:
        if not caller.ended.done():
            caller.leave()
    await ending


def request_of(asked: argparse.Namespace) -> bytes:
    """Return the request that every stream begins with."""
    body: dict[str, Any] = {
        "model": asked.model,
        "messages": [{"role": "user", "content": "Where is my order 12345?"}],
        "stream": True,
        "bench": {"events": asked.events, "interval_ms": asked.interval_ms},
    }
    content = json.dumps(body).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\n"
        f"host: {urlsplit(asked.url).netloc}\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {asked.token}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def summary(tally: Tally, *, keep_asked: bool) -> dict[str, Any]:
    """Return quantiles and counts, and each stream where that is wanted."""
    delays = sorted(tally.delays_ms)
    return {
        "events": len(delays),
        "streams": len(tally.asked),
        "broken": tally.broken,
        "refused": tally.refused,
        "mixed": sum(len(models) > 1 for _, models, _ in tally.asked),
        **{name: quantile(delays, share) for name, share in _SHARES.items()},
        **({"asked": tally.asked} if keep_asked else {}),
    }


_SHARES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p999_ms": 0.999, "worst_ms": 1.0}


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of values in order; not a number without any."""
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def command(url: str, out: Path, **options: object) -> list[str]:
    """Return the command that runs the load in a process of its own."""
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "bench.peers.streams", f"--url={url}", f"--out={out}", *given]


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--url", required=True)
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--token", default="none")
    made.add_argument("--model", default="support")
    made.add_argument("--streams", type=int, default=1000)
    made.add_argument("--events", type=int, default=200)
    made.add_argument("--interval-ms", type=float, default=100.0)
    made.add_argument("--spread", type=float, default=2.0, help="seconds over which they begin")
    made.add_argument("--warm-up", type=float, default=3.0, help="seconds that do not count")
    made.add_argument("--seconds", type=float, default=600.0, help="limit")
    made.add_argument("--rounds", type=int, default=1, help="streams of each caller; 0: no end")
    made.add_argument("--keep", type=int, default=0, help="1: write down each stream")
    return made


def main() -> None:
    """Run the load and write what it has shown."""
    asked = parser().parse_args()
    tally = uvloop.run(run(asked))
    asked.out.write_text(json.dumps(summary(tally, keep_asked=bool(asked.keep))))


if __name__ == "__main__":
    main()
