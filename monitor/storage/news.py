"""What Postgres tells at once (LISTEN/NOTIFY), on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import Engine

from monitor.ports.news import News, Topic
from monitor.storage import notices
from monitor.storage.database import DEAD_PEER

_CONNECT_LIMIT_S = 2  # the shortest that there is
_LOOK_S = 0.5  # how soon an end is seen
_PAUSE_S = 0.5  # before connecting anew
_TOPICS = {channel: topic for topic, channel in notices.CHANNELS.items()}


class PostgresNews(News):
    """`ports.News` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        plain = engine.url.set(drivername="postgresql")
        self._server = make_conninfo(
            plain.render_as_string(hide_password=False),
            connect_timeout=_CONNECT_LIMIT_S,
            **DEAD_PEER,
        )

    def follow(self, told: Callable[[Topic], None], stop: Event) -> None:
        """Call back with each topic as it comes, until `stop` is set; blocks.

        It ends within a second, or within two while a server that hangs is connected to.
        """
        while not stop.is_set():
            try:
                self._listen(told, stop)
            except psycopg.OperationalError:  # away: all is told anew when it is back
                stop.wait(_PAUSE_S)

    def _listen(self, told: Callable[[Topic], None], stop: Event) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            for channel in _TOPICS:
                connection.execute(f"LISTEN {channel}")
            for topic in Topic:
                told(topic)
            while not stop.is_set():
                for notify in connection.notifies(timeout=_LOOK_S):
                    told(_TOPICS[notify.channel])
                    if stop.is_set():
                        return
