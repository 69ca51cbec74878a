"""Where alerts go, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from monitor.config.files import read_secret
from monitor.config.section import Section
from monitor.errors import ConfigError
from rollback import durations

Kind = Literal["slack", "teams", "mattermost", "discord", "webhook", "apprise"]
Severity = Literal["info", "warning", "critical"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SHORTEST_BEAT = timedelta(seconds=30)


def _duration(value: object) -> object:
    return durations.parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(0))]


class QuietHoursConfig(Section):
    """Hours of the day in which a receiver gets only what is critical; the rest follows later.

    Args:
        start, end: times of day (`22:00`); an end that is not later lies on the next day.
        timezone: whose clocks count (`Asia/Tokyo`).
        days: on which the hours begin.
    """

    start: time
    end: time
    timezone: str = "UTC"
    days: tuple[Day, ...] = DAYS

    @field_validator("start", "end", mode="before")
    @classmethod
    def _is_a_time_of_day(cls, value: object) -> object:
        # YAML 1.1 reads 22:00 without quotes as the number 1320.
        if isinstance(value, int) and 0 <= value < 24 * 60:
            return time(value // 60, value % 60)
        return value

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no time zone, e.g. Asia/Tokyo") from error
        return name


class Receiver(Section):
    """Where notices go. Exactly one of `url` (environment) and `url_file` is given.

    Args:
        allow_private: whether the address may lie in a loopback or private range.
        escalate_to: the receiver that gets what this one does not.
        quiet: its quiet hours.
    """

    kind: Kind
    url: SecretStr | None = None
    url_file: Path | None = None
    secret_file: Path | None = None
    allow_private: bool = False
    escalate_to: str | None = None
    quiet: QuietHoursConfig | None = None

    def address(self, name: str) -> str:
        """Return the URL. Raises `ConfigError` if there is none."""
        if self.url is not None:
            return self.url.get_secret_value()
        if self.url_file is None:
            raise ConfigError(f"receivers.{name}: give url_file, or url by environment")
        return read_secret(self.url_file, f"receivers.{name}.url_file")


class RouteConfig(Section):
    """What some receivers get.

    Args:
        to: receivers by name.
        severity: the least.
        deployments: of which ones; without it of all, and what concerns none.
    """

    to: tuple[str, ...] = Field(min_length=1)
    severity: Severity = "info"
    deployments: tuple[str, ...] | None = None


class HeartbeatConfig(Section):
    """A receiver that raises the alarm when it hears nothing any more."""

    to: str
    every: Duration = timedelta(minutes=5)

    @field_validator("every")
    @classmethod
    def _is_long_enough(cls, every: timedelta) -> timedelta:
        if every < _SHORTEST_BEAT:
            raise ValueError("must be at least 30 s")
        return every


class AlertsConfig(Section):
    """Where alerts go, and when.

    Args:
        routes: without one, every receiver gets everything.
        group_within: how long after a message its like (same deployment, kind and severity) are
            collected into one; 0s: never.
        cool_down: how long the same news is not told again.
        escalate_after: how long a delivery may fail until `escalate_to` gets it too.
        no_answers: how long a deployment that gave answers may give none; without it for ever.
        unwell_after: how long a part of Backstop may be unwell, the scorer's queue stuck, say.
        heartbeat: a watchman outside.
    """

    routes: tuple[RouteConfig, ...] = ()
    group_within: Duration = timedelta(minutes=5)
    cool_down: Duration = timedelta(hours=1)
    escalate_after: Duration = timedelta(minutes=15)
    no_answers: Duration | None = None
    unwell_after: Duration = timedelta(minutes=5)
    heartbeat: HeartbeatConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _silence_is_a_span(cls, raw: object) -> object:
        if isinstance(raw, Mapping) and raw.get("no_answers") in ("0s", timedelta(0)):
            raise ValueError("no_answers: must be longer than 0s; leave it out for never")
        return raw


def misnamed(
    alerts: AlertsConfig, receivers: Mapping[str, Receiver], deployments: Collection[str]
) -> str | None:
    """Return what names a receiver or a deployment that is not there: its alerts would be lost."""
    named: list[tuple[str, str | None]] = [
        (f"receivers.{name}.escalate_to", each.escalate_to) for name, each in receivers.items()
    ]
    named += [("alerts.routes.to", name) for route in alerts.routes for name in route.to]
    if alerts.heartbeat is not None:
        named.append(("alerts.heartbeat.to", alerts.heartbeat.to))
    for where, receiver in named:
        if receiver is not None and receiver not in receivers:
            return f"{where}: there is no receiver {receiver!r}; {_known(receivers)}"
    for name, each in receivers.items():
        if each.escalate_to == name:
            return f"receivers.{name}.escalate_to: name another receiver than itself"
    for route in alerts.routes:
        for deployment in route.deployments or ():
            if deployment not in deployments:
                return (
                    f"alerts.routes.deployments: there is no deployment {deployment!r}; "
                    f"{_known(deployments)}"
                )
    return None


def _known(names: Collection[str]) -> str:
    return "there are " + ", ".join(sorted(names)) if names else "there are none"
