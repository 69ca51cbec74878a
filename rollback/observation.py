"""What the judge is told of one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rollback.dealing import Dealt


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What is known about one answer.

    Args:
        scores: nonconformity scores by channel, large is odd; NaN or missing is unknown.
        pair: grade less the baseline's grade for the same prompt, in [-1, 1]; `None` is unknown.
        grade: in [0, 1] where somebody graded the answer.
        words: features of its text (`guards.words`), for the classifier; `None` is unknown.
        category: of its prompt in the reference, and how far that lies from all that it knows;
            `None` is unknown, or there is only one.
        caller: hashed (`guards.share_cap`); `None` is unknown.
        beside: whether the answer itself was observed before: then only `pair` and `caller` count.
        dealt: where a canary dealt the caller to one of two versions; `None` otherwise.
        worth: of an answer that was dealt (`guards.worth`), in [0, 1].
    """

    exchange_id: str
    at: datetime
    scores: Mapping[str, float] = field(default_factory=dict)
    fault: bool = False
    pair: float | None = None
    grade: float | None = None
    words: bytes | None = None
    category: int | None = None
    prompt_distance: float | None = None
    caller: str | None = None
    beside: bool = False
    dealt: Dealt | None = None
    worth: float | None = None

    @property
    def tie_breaker(self) -> str:
        """What breaks ties between this answer and others.

        With the time: callers can choose the id of an answer (vLLM makes it of `X-Request-Id`), and
        equal ids would break all ties alike, which a sound version can look drifted by.
        """
        return f"{self.exchange_id} {self.at.timestamp()}"
