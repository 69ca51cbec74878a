"""How many shadows a deployment may have in an hour."""

from __future__ import annotations

_HOUR_S = 3600.0


class Allowance:
    """Counts what is taken in each hour of the clock.

    Args:
        most: in one hour; in a process of many that share it, its part of them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._hour = -1
        self._taken = 0

    def take(self, now: float) -> bool:
        """Take one, if there is one left in this hour; `now` is Unix time in seconds.

        >>> allowance = Allowance(1)
        >>> [allowance.take(now) for now in (0.0, 1.0, 3600.0)]
        [True, False, True]
        """
        hour = int(now // _HOUR_S)
        if hour != self._hour:
            self._hour, self._taken = hour, 0
        if self._taken >= self._most:
            return False
        self._taken += 1
        return True
