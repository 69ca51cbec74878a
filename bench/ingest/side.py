"""One way to write, and what its rounds took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.ingest.server import ServerCpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One way to write; `run` is timed."""

    name: str
    prepare: Callable[[], Any]
    run: Callable[[Any], None]
    rows: int
    took_s: list[float] = field(default_factory=list)
    client_s: list[float] = field(default_factory=list)
    server_s: list[float] = field(default_factory=list)

    def play(self, server_cpu: ServerCpu) -> None:
        """Run one round."""
        work = self.prepare()
        began, client, server = time.perf_counter(), time.process_time(), server_cpu()
        self.run(work)
        self.took_s.append(time.perf_counter() - began)
        self.client_s.append(time.process_time() - client)
        after = server_cpu()
        self.server_s.append(sum(after[pid] - server.get(pid, 0.0) for pid in after))

    def forget(self) -> None:
        """Forget the rounds so far."""
        for taken in (self.took_s, self.client_s, self.server_s):
            taken.clear()

    def per_row_us(self, taken: Sequence[float]) -> float:
        """Return the microseconds of a row."""
        return 1e6 * sum(taken) / (self.rows * len(taken))

    @property
    def rate(self) -> float:
        """Rows a second over all rounds."""
        return self.rows * len(self.took_s) / sum(self.took_s)
