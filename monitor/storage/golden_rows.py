"""Golden runs and their results as rows, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Row

from guards.golden import GoldenResult
from guards.verdicts import Verdict
from monitor.ports.golden import GoldenRun, RunStatus
from monitor.storage import values
from monitor.storage.schema import golden_results

_RUN = tuple(field.name for field in fields(GoldenRun))
_KEY = ("run", "version", "case_id")


def run_row(run: GoldenRun) -> dict[str, Any]:
    """Return a run's row; who holds it is no part of it."""
    return {name: getattr(run, name) for name in _RUN} | {
        "verdict": None if run.verdict is None else run.verdict.value,
        "status": run.status.value,
        "cause": values.text(run.cause),
        "summary": values.jsonable(run.summary),
        "course": values.jsonable(run.course),
    }


def run_of(row: Row[Any]) -> GoldenRun:
    """Return the run of a row."""
    found = {name: getattr(row, name) for name in _RUN}
    verdict = None if row.verdict is None else Verdict(row.verdict)
    return GoldenRun(**{**found, "verdict": verdict, "status": RunStatus(row.status)})


def result_rows(
    run: str, results: Mapping[str, Sequence[GoldenResult]]
) -> Sequence[Mapping[str, Any]]:
    """Return the rows of results per version name."""
    return [
        _result_row(run, version, result)
        for version, answered in results.items()
        for result in answered
    ]


def result_of(row: Row[Any]) -> GoldenResult:
    """Return the result of a row."""
    return GoldenResult(
        case_id=row.case_id,
        output=row.output,
        raw=row.raw,
        grade=row.grade,
        latency_s=row.latency_s,
        error=row.error,
        standard_error=row.standard_error,
        prompt_tokens=row.prompt_tokens,
        output_tokens=row.output_tokens,
        token_logprobs=tuple(row.token_logprobs or ()),
    )


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert results; one that is there already is an error of the database."""
    if rows:
        connection.execute(insert(golden_results), list(rows))


def replace(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert results, each in the place of one that is there."""
    new = insert(golden_results)
    changed = {
        column.name: new.excluded[column.name]
        for column in golden_results.columns
        if not column.primary_key
    }
    if rows:
        replaced = new.on_conflict_do_update(index_elements=_KEY, set_=changed)
        connection.execute(replaced, list(rows))


def _result_row(run: str, version: str, result: GoldenResult) -> dict[str, Any]:
    return {
        "run": run,
        "version": version,
        "case_id": result.case_id,
        "output": values.text(result.output),
        "raw": result.raw,
        "grade": result.grade,
        "standard_error": result.standard_error,
        "latency_s": result.latency_s,
        "error": values.optional_text(result.error),
        "prompt_tokens": result.prompt_tokens,
        "output_tokens": result.output_tokens,
        "token_logprobs": list(result.token_logprobs) or None,
    }
