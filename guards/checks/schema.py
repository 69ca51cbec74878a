"""The guard against answers that are not the JSON that was asked for."""

from __future__ import annotations

from guards import conformance, jsontext
from guards.checks.context import GuardContext
from guards.checks.finding import Finding, masked
from guards.conformance import Conformance

_WRONG = frozenset({Conformance.BROKEN, Conformance.VIOLATED})


class UncheckedSchema(ValueError):
    """The declared schema cannot be used, so nothing may be concluded."""


class SchemaGuard:
    """Checks the whole answer against the declared schema; only its end tells."""

    name = "schema"

    def check(self, answer: str, context: GuardContext) -> tuple[Finding, ...]:
        """Return one finding over the whole answer if the schema refuses it.

        Raises:
            UncheckedSchema: if the schema is malformed, or cannot be checked in bounded time.
        """
        if context.response_schema is None:
            return ()
        standing = conformance.check(answer, _canonical(context))
        if standing is Conformance.UNUSABLE:
            raise UncheckedSchema("the declared response schema cannot be used")
        if standing not in _WRONG:
            return ()
        kind = f"schema_{standing.value}"
        excerpt = masked(answer, len(answer))
        return (Finding(kind=kind, start=0, end=len(answer), score=1.0, excerpt=excerpt),)


def _canonical(context: GuardContext) -> str:
    try:
        return jsontext.canonical(context.response_schema)
    except ValueError as error:
        raise UncheckedSchema(f"the declared response schema is {error}") from error
