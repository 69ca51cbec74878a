"""What a transaction tells others once it is committed; `news` hears it."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

from monitor.ports.news import Topic

CHANNELS = {Topic.POINTERS: "backstop_pointers", Topic.OBSERVATIONS: "backstop_observations"}
_LONGEST = 7999  # bytes that Postgres takes
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


def pointers(connection: Connection, deployment: str) -> None:
    """Tell that a deployment's row has changed."""
    _tell(connection, Topic.POINTERS, deployment)


def observations(connection: Connection) -> None:
    """Tell that answers were recorded."""
    _tell(connection, Topic.OBSERVATIONS, "")


def _tell(connection: Connection, topic: Topic, payload: str) -> None:
    short = payload if len(payload.encode()) <= _LONGEST else ""
    connection.execute(_NOTIFY, {"channel": CHANNELS[topic], "payload": short})
