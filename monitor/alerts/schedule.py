"""When a message that did not arrive is tried again.

Source: Standard Webhooks, operational considerations: ten attempts over 75.6 hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# Before the n-th attempt, counted from 0; each from the failure of the attempt before it.
DELAYS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
SPREAD = 0.1  # jitter lengthens a delay by up to this share, so that retries do not come in herds
_LONGEST_WISH_S = 86_400.0


def retry_at(
    attempt: int, failed_at: datetime, *, jitter: float, retry_after_s: float | None = None
) -> datetime | None:
    """Return when to try again, or `None` after the last attempt.

    Args:
        attempt: the one that failed, counted from 0.
        jitter: in [0, 1), drawn by the caller.
        retry_after_s: what the receiver asked for; a longer wait than the schedule's is honoured,
            up to a day.
    """
    if attempt + 1 >= len(DELAYS):
        return None
    delay = DELAYS[attempt + 1] * (1 + SPREAD * jitter)
    wish_s = min(retry_after_s or 0.0, _LONGEST_WISH_S)
    return failed_at + max(delay, timedelta(seconds=wish_s))
