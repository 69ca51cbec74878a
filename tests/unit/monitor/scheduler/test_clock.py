"""The clock."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.events import EVENT_JOB_SUBMITTED, JobSubmissionEvent

from monitor.errors import ConfigError
from monitor.scheduler.clock import Clock


def ignore(job: str, slot: datetime) -> None:
    """Take a slot and do nothing."""


def test_slots_are_the_planned_times() -> None:
    """Every replica calls back with the same moment, however late it wakes."""
    slots: list[tuple[str, datetime]] = []
    clock = Clock(
        {"golden": "0 3 * * *"}, "Asia/Tokyo", lambda job, slot: slots.append((job, slot))
    )
    planned = datetime(2026, 5, 1, 18, 0, tzinfo=UTC)
    clock._submitted(JobSubmissionEvent(EVENT_JOB_SUBMITTED, "golden", "default", [planned]))
    assert slots == [("golden", planned)]


def test_a_cron_slot_is_in_its_time_zone() -> None:
    """Three at night in Tokyo is six in the evening in UTC."""
    clock = Clock({"golden": "0 3 * * *", "report": ""}, "Asia/Tokyo", ignore)
    clock.start()
    try:
        slots = clock.next_slots()
    finally:
        clock.stop()
    assert list(slots) == ["golden"]  # an empty expression never fires
    assert (slots["golden"].hour, slots["golden"].minute) == (18, 0)


def test_a_due_job_calls_back_on_a_thread_of_the_clock() -> None:
    """The real scheduler fires, with a slot in the past and no microseconds."""
    fired, slots = threading.Event(), []

    def on_slot(job: str, slot: datetime) -> None:
        slots.append(slot)
        fired.set()

    clock = Clock({"golden": "* * * * *"}, "UTC", on_slot)
    clock.start()
    try:
        job = clock._scheduler.get_job("golden")
        job.modify(next_run_time=datetime.now(UTC))
        assert fired.wait(5)
    finally:
        clock.stop()
    assert datetime.now(UTC) - slots[0] < timedelta(seconds=10)


@pytest.mark.parametrize("expression", ["0 3 * *", "61 * * * *", "often", "0 3 * * mon-foo"])
def test_a_bad_cron_expression_names_its_key(expression: str) -> None:
    """The sentence shows how it is written."""
    with pytest.raises(ConfigError, match=r"schedule\.golden: .*0 3 \* \* \*"):
        Clock({"golden": expression}, "UTC", ignore)


@pytest.mark.parametrize("zone", ["Asia/Tokio", "", "../etc/passwd"])
def test_a_bad_time_zone_names_its_key(zone: str) -> None:
    """The sentence shows one that is."""
    with pytest.raises(ConfigError, match=r"schedule\.timezone: .*Asia/Tokyo"):
        Clock({}, zone, ignore)


def test_a_clock_that_never_ran_can_be_stopped() -> None:
    """Stopping is safe at any time."""
    Clock({}, "UTC", ignore).stop()
