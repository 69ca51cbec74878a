"""The guard against answers that are not the JSON that was asked for."""

from __future__ import annotations

import pytest

from guards.checks.context import GuardContext
from guards.checks.schema import SchemaGuard, UncheckedSchema
from tests.unit.guards.samples import TICKET

CONTEXT = GuardContext(response_schema=TICKET)


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        ('{"team": "orders", "order": "A-7"}', []),
        ('{"team": "sales", "order": "A-7"}', ["schema_violated"]),
        ('{"team": "orders"', ["schema_broken"]),
    ],
)
def test_what_the_schema_refuses_is_found(answer: str, kinds: list[str]) -> None:
    """The finding spans the answer."""
    assert [each.kind for each in SchemaGuard().check(answer, CONTEXT)] == kinds


def test_without_a_schema_everything_passes() -> None:
    """Nothing was asked for."""
    assert SchemaGuard().check("hello", GuardContext()) == ()


def test_a_schema_that_cannot_be_used_is_a_failure_and_no_finding() -> None:
    """So a blocking guard fails closed, any other open."""
    with pytest.raises(UncheckedSchema):
        SchemaGuard().check("{}", GuardContext(response_schema={"type": "nonsense"}))
