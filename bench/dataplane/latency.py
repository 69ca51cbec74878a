"""What one caller on one connection waits longer for a whole answer than directly."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack

from bench.dataplane.ground import Finding, Ground, caller_of
from bench.dataplane.whole import ALONE, DIRECT, LITELLM, NGINX, ON, PLAIN
from bench.peers import litellm, nginx, plain, wrk

_BAR_MS = 0.4


def measure(ground: Ground) -> Iterator[Finding]:
    """Ask everybody in turns, and yield how much each adds to the median."""
    rounds, seconds = (2, 2.0) if ground.quick else (5, 4.0)
    with ExitStack() as stack:
        on = stack.enter_context(ground.service("latency_on", ground.instant))
        alone = stack.enter_context(
            ground.service("latency_alone", ground.instant, gateway={"record": False})
        )
        ground.warm(on)
        targets = {
            DIRECT: ground.instant,
            NGINX: stack.enter_context(nginx.proxy(ground.folder, ground.instant)),
            LITELLM: stack.enter_context(litellm.running(ground.folder, ground.instant)),
            PLAIN: stack.enter_context(plain.running(ground.folder, ground.instant)),
            ALONE: caller_of(alone),
            ON: caller_of(on),
        }
        medians = defaultdict(list)
        for turn in range(rounds + 1):  # the first turn warms up
            for name, target in targets.items():
                done = wrk.load(target, ground.folder, connections=1, seconds=seconds)
                if turn:
                    medians[name].append(done.median_ms)
                if name == ON:
                    ground.drain(on)
    direct = statistics.median(medians[DIRECT])
    for name, each in medians.items():
        added = statistics.median(each) - direct
        bar = name in (ON, ALONE)
        yield Finding(
            what=f"median latency at one connection, {name}",
            value=f"{direct + added:.3f} ms, {added:+.3f} ms over direct",
            bar=f"at most {_BAR_MS} ms added" if bar else "",
            met=added <= _BAR_MS if bar else None,
        )
