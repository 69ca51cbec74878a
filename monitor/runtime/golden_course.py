"""One golden run from its first case to its verdict, written down chunk by chunk."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import structlog

from guards.golden import GoldenCase, GoldenResult
from guards.trial import History, Trial
from guards.verdicts import Verdict
from monitor.errors import EngineError, HostEnded
from monitor.ports.golden import GoldenRun, Hold
from monitor.ports.golden_host import GoldenHost, GoldenHosts, Usage
from monitor.ports.stores import Stores
from monitor.runtime import golden_conclusion, golden_history
from monitor.runtime.golden_asking import Asking, Question
from monitor.runtime.golden_base import BaseWatch
from monitor.runtime.golden_conclusion import Answers
from monitor.runtime.golden_figures import Figuring
from monitor.runtime.golden_plan import Course, Outcome, RunSettings

log = structlog.get_logger(__name__)

_MOST_ENDS = 3  # of the host's process in a row, without an answer between them

Known = dict[tuple[str, str], GoldenResult]  # (version, '' for the base model; case id) → result


class GoldenCourse:
    """The state of one run. What is known already is not asked again."""

    def __init__(
        self,
        stores: Stores,
        settings: RunSettings,
        run: GoldenRun,
        hold: Hold,
        trial: Trial,
        course: Course,
        known: Known,
    ) -> None:
        self._stores = stores
        self._settings = settings
        self._run = run
        self._hold = hold
        self._trial = trial
        self._plan = course.plan
        self._chunk = course.chunk
        self._known = known
        self._at_once = course.chunk * len(set(course.plan.versions))

    @classmethod
    async def opened(
        cls,
        stores: Stores,
        settings: RunSettings,
        run: GoldenRun,
        hold: Hold,
        cases: Sequence[GoldenCase],
    ) -> GoldenCourse:
        """Settle what is not settled yet, and read what is known. Raises `Unavailable`, `Conflict`."""
        course = Course.restored(run.course)
        history = course.history
        if history is None:
            history = await asyncio.to_thread(golden_history.read, stores.golden, run)
            course = replace(course, history=history)
            run = replace(run, course=course.record())
            await asyncio.to_thread(stores.golden.advance, run, hold, {})
        results = await asyncio.to_thread(stores.golden.results, run.id)
        known = {(name, each.case_id): each for name, told in results.items() for each in told}
        trial = _trial(run, cases, course, history)
        return cls(stores, settings, run, hold, trial, course, known)

    async def completed(self, hosts: GoldenHosts, bases: BaseWatch) -> Outcome:
        """Ask what is left, and return what all answers come to.

        A host whose process ends is opened again, and asked what it had not answered.

        Raises `EngineError`, `Unavailable`, `Conflict`.
        """
        versions = [version for version in self._plan.versions if version is not None]
        ends, known = 0, len(self._known)
        while True:
            try:
                async with hosts.opened(versions) as host:
                    return await self._on(host, bases)
            except HostEnded as error:
                ends, known = (ends if len(self._known) == known else 0) + 1, len(self._known)
                log.warning("golden host ended", run=self._run.id, error=str(error))
                if ends >= _MOST_ENDS:
                    raise EngineError(f"{error}, {ends} times without an answer") from error

    async def _on(self, host: GoldenHost, bases: BaseWatch) -> Outcome:
        base, sentence = await self._base(host, bases)
        if sentence is not None:
            outcome = golden_conclusion.told(self._run, Verdict.INCONCLUSIVE, sentence)
            return _with(outcome, {"base": base})
        answers = Answers(order=list(self._trial.order))
        asking = Asking(host, self._at_once, self._settings.case_limit)
        await self._collect(asking, answers)
        usage = await host.usage()
        outcome = await asyncio.to_thread(
            golden_conclusion.conclude, self._plan, self._run, self._trial, answers
        )
        found = await asyncio.to_thread(self._figures, answers, usage)
        return _with(outcome, {"base": base, "operations": found})

    async def _base(
        self, host: GoldenHost, bases: BaseWatch
    ) -> tuple[Mapping[str, Any], str | None]:
        """Look at the base model. Raises `EngineError` if it does not answer in time."""
        limit_s = self._settings.case_limit.total_seconds()
        try:
            async with asyncio.timeout(limit_s):
                return await bases.look(self._run, host)
        except TimeoutError as error:
            raise EngineError(f"the base model answered no probe within {limit_s:g} s") from error

    async def _collect(self, asking: Asking, answers: Answers) -> None:
        """Ask the cases in random order, a chunk at a time, until they are enough or one fails.

        A run that stops because the version is no worse asks the critical cases that are left:
        each of them has a say of its own.
        """
        trial, chunk = self._trial, self._chunk
        for start in range(0, len(trial.cases), chunk):
            await self._ask(asking, answers, answers.order[start : start + chunk])
            if answers.fault:
                return
            if self._plan.compared and trial.is_settled(answers.subject, answers.against):
                break
        answers.counted = len(answers.subject)
        left = [i for i in answers.order[answers.counted :] if trial.cases[i].critical]
        answers.order[answers.counted :] = left
        for start in range(0, len(left), chunk):
            await self._ask(asking, answers, left[start : start + chunk])

    async def _ask(self, asking: Asking, answers: Answers, indices: Sequence[int]) -> None:
        cases = [self._trial.cases[i] for i in indices]
        versions = dict.fromkeys(self._plan.versions)
        wanted = [
            Question(case, version)
            for version in versions
            for case in cases
            if (version or "", case.id) not in self._known
        ]
        if wanted:
            results = await asking.ask(wanted)
            self._at_once = asking.at_once
            await self._write_down(wanted, results, answers.order)
        answers.subject += self._of(self._plan.subject, cases)
        if self._plan.compared:
            answers.against += self._of(self._plan.against, cases)

    def _of(self, version: str | None, cases: Sequence[GoldenCase]) -> list[GoldenResult]:
        return [self._known[version or "", case.id] for case in cases]

    async def _write_down(
        self,
        questions: Sequence[Question],
        results: Sequence[GoldenResult],
        order: Sequence[int],
    ) -> None:
        """Write new results and the position down before anything follows from them."""
        known, new = dict(self._known), dict[str, list[GoldenResult]]()
        for question, result in zip(questions, results, strict=True):
            name = question.version or ""
            known[name, question.case.id] = result
            new.setdefault(name, []).append(result)
        run = replace(self._run, position=self._position(known), summary=self._so_far(known))
        await asyncio.to_thread(self._stores.golden.advance, run, self._hold, new)
        self._run, self._known = run, known

    def _position(self, known: Known) -> int:
        names = {version or "" for version in self._plan.versions}
        return sum(all((name, case.id) in known for name in names) for case in self._trial.cases)

    def _so_far(self, known: Known) -> dict[str, Any]:
        """Return what people see of a run that is under way."""
        means = {
            name: float(np.mean([each.grade for (of, _), each in known.items() if of == name]))
            for name in dict.fromkeys(name for name, _ in known)
        }
        shown = {name: means.get(version or "") for name, version in self._named()}
        told = " against ".join(f"{mean:.3f}" for mean in shown.values() if mean is not None)
        sentence = f"{self._position(known)} of {len(self._trial.cases)} cases, mean grade {told}"
        return {"sentence": sentence, "so_far": shown}

    def _named(self) -> list[tuple[str, str | None]]:
        return list(zip(("subject", "against"), self._plan.versions, strict=False))

    def _figures(self, answers: Answers, usage: Usage) -> dict[str, Any]:
        """Return the operational figures of both versions, and what memory forced. Blocks."""
        figuring = Figuring(prices=self._settings.prices, artifacts=self._stores.artifacts)
        told = {self._plan.subject: answers.subject}
        if self._plan.compared:
            told[self._plan.against] = answers.against
        whole = self._chunk * len(set(self._plan.versions))
        return {
            **figuring.of(self._plan.deployment, told, usage),
            "at_once": whole,
            "at_once_at_the_end": self._at_once,
        }


def _trial(run: GoldenRun, cases: Sequence[GoldenCase], course: Course, history: History) -> Trial:
    """Return the trial in the run's own order, which follows from its id and nothing else."""
    order = np.random.default_rng(uuid.UUID(run.id).int).permutation(len(cases)).tolist()
    return Trial(cases=cases, order=tuple(order), terms=course.plan.terms, history=history)


def _with(outcome: Outcome, more: Mapping[str, Any]) -> Outcome:
    run = outcome.run
    return replace(outcome, run=replace(run, summary={**run.summary, **more}))
