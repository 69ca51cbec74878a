"""Wires who is told what, and when."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.alerts import message
from monitor.alerts import schedule as retries
from monitor.alerts.pictures import Pictures
from monitor.config import Config
from monitor.config.alerts import DAYS, QuietHoursConfig
from monitor.ports.alerts import Delivery, Message, Sender
from monitor.ports.stores import Stores
from monitor.runtime.alerting.quiet_hours import QuietHours
from monitor.runtime.alerting.routes import Route, Rules
from monitor.runtime.alerting.watch import Watched
from monitor.runtime.dispatch import Writing


def rules(config: Config) -> Rules:
    """Return the rules that the configuration states."""
    alerts = config.alerts
    return Rules(
        receivers=tuple(config.receivers),
        routes=tuple(
            Route(
                receivers=each.to,
                severity=each.severity,
                deployments=None if each.deployments is None else frozenset(each.deployments),
            )
            for each in alerts.routes
        ),
        quiet={name: _quiet(each.quiet) for name, each in config.receivers.items() if each.quiet},
        escalations={
            name: each.escalate_to for name, each in config.receivers.items() if each.escalate_to
        },
        heartbeat=alerts.heartbeat.to if alerts.heartbeat else None,
        group_within=alerts.group_within,
        cool_down=alerts.cool_down,
        escalate_after=alerts.escalate_after,
    )


def all_to_all(senders: Mapping[str, Sender]) -> Rules:
    """Return the rules by which every receiver gets everything at once."""
    return Rules(receivers=tuple(senders))


def watched(config: Config) -> Watched:
    """Return what the configuration wants to be told of."""
    alerts = config.alerts
    return Watched(
        deployments=tuple(config.deployments),
        no_answers=alerts.no_answers,
        unwell_after=alerts.unwell_after,
        heartbeat_every=alerts.heartbeat.every if alerts.heartbeat else None,
        link=f"{config.listen.url}/",
    )


def writing(stores: Stores, followed: Rules, link: str) -> Writing:
    """Return how messages are made and tried again.

    Args:
        link: address of the dashboard, for notices that name no page of their own.
    """
    pictures = Pictures(stores.evidence)

    def compose(delivery: Delivery, pictured: bool) -> Message:
        picture = pictures.of(delivery.notice) if pictured else None
        return message.compose(_linked(delivery, link), picture)

    return Writing(compose=compose, rules=followed, retry_at=_retry_at)


def _linked(delivery: Delivery, link: str) -> Delivery:
    facts: Mapping[str, Any] = {"link": link, **delivery.notice.facts}
    return replace(delivery, notice=replace(delivery.notice, facts=facts))


def _quiet(section: QuietHoursConfig) -> QuietHours:
    return QuietHours(
        start=section.start,
        end=section.end,
        zone=ZoneInfo(section.timezone),
        days=frozenset(DAYS.index(day) for day in section.days),
    )


def _retry_at(attempt: int, failed_at: datetime, retry_after_s: float | None) -> datetime | None:
    jitter = secrets.randbelow(1000) / 1000
    return retries.retry_at(attempt, failed_at, jitter=jitter, retry_after_s=retry_after_s)
