"""The service in front of a model server: a supervisor and its processes."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from functools import partial

from monitor.bootstrap import data_folder, preload, roster, run_folder, tokens
from monitor.bootstrap.listening import listen
from monitor.bootstrap.post import Post
from monitor.bootstrap.supervisor import FATAL, PAUSES_S, Role, Supervisor
from monitor.config import Config, ServerEngine

# Beside the limit of a drain, for records and rows on their way; then the process is killed.
_FLUSH_S = 15.0
_BESIDE = 5  # callers come first: what only watches steps back for the gateways
_REFUSED = 2  # the exit status of a command that was given what it cannot use


def serve(config: Config, engine: ServerEngine, pauses_s: Sequence[float] = PAUSES_S) -> int:
    """Run until Ctrl-C or SIGTERM; return the exit status.

    What the configuration names is read by control, before it does anything else; a mistake there
    ends the service. Raises a `BackstopError` if the port or the data directory cannot be used.

    Args:
        pauses_s: see `Supervisor`.
    """
    with (
        listen(config) as listener,
        data_folder.owned(config.data_dir),
        run_folder.opened(config.data_dir) as folder,
    ):
        for who in ("caller", "operator"):
            tokens.ensure(config.data_dir, who)
        post = Post(config=config, engine=engine, folder=folder)
        status = Supervisor(_roles(post, listener), pauses_s).run(first=preload.processes)
    return _REFUSED if status == FATAL else status


def _roles(post: Post, listener: socket.socket) -> list[Role]:
    drain_s = post.config.gateway.drain_s
    facing = [
        Role(
            name=name,
            main=partial(_gateway, name, post, listener),
            rank=2,
            end_limit_s=drain_s + _FLUSH_S,
        )
        for name in sorted(roster.gateways(post.config))
    ]
    control = Role(
        name=roster.CONTROL,
        main=partial(_control, post),
        rank=0,
        end_limit_s=_FLUSH_S,
        niceness=_BESIDE,
    )
    scorer = Role(
        name=roster.SCORER,
        main=partial(_scorer, post),
        rank=1,
        end_limit_s=_FLUSH_S,
        niceness=_BESIDE,
    )
    return [control, scorer, *facing]


# The modules are there when a process begins; a supervisor that is only described needs none.


def _gateway(name: str, post: Post, listener: socket.socket) -> int:
    from monitor.bootstrap import gateway_process

    return gateway_process.main(name, post, listener)


def _scorer(post: Post) -> int:
    from monitor.bootstrap import scorer_process

    return scorer_process.main(post)


def _control(post: Post) -> int:
    from monitor.bootstrap import control_process

    return control_process.main(post)
