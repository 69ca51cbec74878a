"""Table tests of a policy: given these numbers, this decision is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rollback import breaches, fields
from rollback import case as cases
from rollback.breaches import Readings
from rollback.decided import KINDS
from rollback.decision import Because
from rollback.deployment import Deployment
from rollback.durations import parse_duration
from rollback.errors import PolicyError
from rollback.evidence import EvidencePoint
from rollback.indicators import catalogue
from rollback.policy import Policy
from rollback.situation import Neighbours, Situation
from rollback.thresholds import MINUTE, Figure
from rollback.versions import AdapterVersion, VersionState

_NAME, _ACTIVE, _BASELINE = "tested", "tested@000000000002", "tested@000000000001"
_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday
_EPOCH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The numbers that a test starts from. What is not given is quiet.

    Args:
        evidence, suspicion, traffic: at least 0; faults: of the channel alone, before its weight.
        judged: answers of the version that were judged.
        indicators: the version's values, the same in each of the last `minutes`.
        baseline: the baseline's values at the same time; usual: before the version served.
        answers: behind each value, in each minute.
        minutes: `None` is the longest time of a rule.
        others, others_hit: other deployments on the engine, and those with the same trouble.
        rollbacks: how long ago the last ones were.
        has_baseline: whether there is a version to go back to; sick: why it is none, if so.
    """

    evidence: float = 0.0
    suspicion: float = 0.0
    traffic: float = 0.0
    faults: float = 0.0
    judged: int = 1_000
    indicators: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, float] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)
    answers: int = 100
    minutes: int | None = None
    others: int = 0
    others_hit: int = 0
    rollbacks: tuple[timedelta, ...] = ()
    at: datetime = _NOON
    has_baseline: bool = True
    sick: str = ""
    frozen: str | None = None
    pinned: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """One row: what is given, and the kind of decision that is expected.

    Args:
        expect: hold, suspect, rollback, propose or freeze.
        because: what it must follow from; `None` is anything.
    """

    name: str
    given: Given
    expect: str
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a test."""

    test: PolicyTest
    found: str
    because: str
    reason: str

    @property
    def passed(self) -> bool:
        """Whether the decision is the expected one."""
        return self.found == self.test.expect and self.test.because in (None, self.because)


def parse(value: object) -> tuple[PolicyTest, ...]:
    """Return the tests of a list.

    Raises:
        PolicyError: for the first key that cannot be used.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise PolicyError("tests", "must be a list of tests")
    return tuple(_test(each, f"tests[{index}]") for index, each in enumerate(value))


def run(policy: Policy, test: PolicyTest) -> Outcome:
    """Decide by a policy what a test gives."""
    decided = _case(policy, test.given).decide()
    return Outcome(
        test=test,
        found=KINDS[type(decided)],
        because=decided.because.value,
        reason=decided.reason,
    )


def _case(policy: Policy, given: Given) -> cases.Case:
    return cases.of(
        Deployment(
            name=_NAME,
            active=_ACTIVE,
            baseline=_BASELINE if given.has_baseline else None,
            epoch=_EPOCH,
            promoted_at=given.at - timedelta(days=1),
            frozen=given.frozen,
            pinned=given.pinned,
        ),
        _point(policy, given),
        _situation(policy, given),
        policy,
        given.at,
    )


def _point(policy: Policy, given: Given) -> EvidencePoint:
    return EvidencePoint(
        deployment=_NAME,
        adapter=_ACTIVE,
        epoch=_EPOCH,
        position=given.judged,
        at=given.at,
        suspicion=given.suspicion,
        suspicion_line=policy.suspicion_line,
        evidence=given.evidence,
        line=policy.line,
        channels={"faults": given.faults},
        traffic=given.traffic,
    )


def _situation(policy: Policy, given: Given) -> Situation:
    readings = Readings(
        indicators=list(_minutes(policy, given)),
        active=_ACTIVE,
        baseline=_BASELINE if given.has_baseline else None,
        usual={name: Figure(value=v, answers=10_000) for name, v in given.usual.items()},
    )
    found = breaches.assess(policy.thresholds, readings, given.at)
    around = Neighbours(count=given.others, hit=given.others_hit)
    return Situation(
        versions={v.name: v for v in _versions(given)},
        rollbacks=tuple(given.at - ago for ago in given.rollbacks),
        sick={_BASELINE: given.sick} if given.sick else {},
        breaches=found.breaches,
        unjudged=found.unjudged,
        neighbours=dict.fromkeys(catalogue.OF_ANSWERS, around),
    )


def _versions(given: Given) -> Iterator[AdapterVersion]:
    served = AdapterVersion(
        name=_ACTIVE, label="", state=VersionState.ACTIVE, manifest={}, created_at=given.at
    )
    yield served
    if given.has_baseline:
        yield replace(served, name=_BASELINE, state=VersionState.BASELINE)


@dataclass(frozen=True, slots=True)
class _Minute:
    adapter: str | None
    bucket: datetime
    name: str
    value: float
    count: int


def _minutes(policy: Policy, given: Given) -> Iterator[_Minute]:
    longest = max((rule.lasting for rule in policy.thresholds), default=MINUTE)
    count = longest // MINUTE if given.minutes is None else given.minutes
    last = given.at.replace(second=0, microsecond=0)
    for ago in range(1, count + 1):
        for adapter, values in ((_ACTIVE, given.indicators), (_BASELINE, given.baseline)):
            for name, value in values.items():
                yield _Minute(adapter, last - ago * MINUTE, name, value, given.answers)


def _test(value: object, at: str) -> PolicyTest:
    if not isinstance(value, Mapping):
        raise PolicyError(at, "must be a mapping with 'name', 'given' and 'expect'")
    values = fields.read(value, _TEST_FIELDS, at=f"{at}.")
    for key in _TEST_FIELDS:
        if key not in values and key not in ("given", "because"):
            raise PolicyError(at, f"lacks {key!r}")
    given = values.get("given", {})
    return PolicyTest(**values | {"given": Given(**fields.read(given, _GIVEN, at=f"{at}.given."))})


def _mapping(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise ValueError("must be a mapping of keys to values")


def _values(value: object) -> Mapping[str, float]:
    known = catalogue.OF_ANSWERS
    for name in _mapping(value):
        if name not in known:
            raise ValueError(f"{name!r} is no indicator; {fields.advice(str(name), known)}")
    return {name: fields.number(number) for name, number in _mapping(value).items()}


def _word(known: Sequence[str]) -> fields.Reader:
    def read(value: object) -> str:
        if value in known:
            return str(value)
        raise ValueError(f"{value!r} is unknown; {fields.advice(str(value), known)}")

    return read


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError(f"{value!r} is no text")


def _amount(value: object) -> float:
    amount = fields.number(value)
    if amount >= 0:
        return amount
    raise ValueError(f"{value!r} is below 0")


def _whole(value: object) -> int:
    return 0 if value == 0 and not isinstance(value, bool) else fields.count(value)


def _durations(value: object) -> tuple[timedelta, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError("must be a list of how long ago, like ['10m', '3h']")
    return tuple(parse_duration(each) for each in value)


def _moment(value: object) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no moment; write '2026-01-04T01:30+00:00'") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


_TEST_FIELDS: Mapping[str, tuple[str, fields.Reader]] = {
    "name": ("name", _text),
    "given": ("given", _mapping),
    "expect": ("expect", _word(list(KINDS.values()))),
    "because": ("because", _word([each.value for each in Because])),
}

_GIVEN: Mapping[str, tuple[str, fields.Reader]] = {
    "evidence": ("evidence", _amount),
    "suspicion": ("suspicion", _amount),
    "traffic": ("traffic", _amount),
    "faults": ("faults", _amount),
    "judged": ("judged", _whole),
    "indicators": ("indicators", _values),
    "baseline": ("baseline", _values),
    "usual": ("usual", _values),
    "answers": ("answers", fields.count),
    "minutes": ("minutes", fields.count),
    "others": ("others", _whole),
    "others_hit": ("others_hit", _whole),
    "rollbacks": ("rollbacks", _durations),
    "at": ("at", _moment),
    "has_baseline": ("has_baseline", fields.boolean),
    "sick": ("sick", _text),
    "frozen": ("frozen", _text),
    "pinned": ("pinned", _text),
}
