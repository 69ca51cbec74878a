"""The grader of golden cases that a configuration describes."""

from __future__ import annotations

from monitor.config import Config
from monitor.engines.grading.absent import NoEmbedder, NoJudge, NoLikelihood
from monitor.engines.grading.grader import EveryGrader
from monitor.engines.grading.openai_judge import OpenAIJudge
from monitor.engines.grading.sandbox import Sandbox
from monitor.ports.engine import Engine, Likelihood
from monitor.ports.grading import Embedder, Judge


def grader_of(config: Config, engine: Engine, embedder: Embedder | None = None) -> EveryGrader:
    """Return the grader. Raises `ConfigError` if the judge's key cannot be read."""
    likelihood = engine if isinstance(engine, Likelihood) else NoLikelihood(config.engine.kind)
    return EveryGrader(
        likelihood=likelihood,
        embedder=embedder or NoEmbedder(),
        judge=_judge(config),
        sandbox=Sandbox(weaker=config.grading.weaker_sandbox),
    )


def _judge(config: Config) -> Judge:
    section = config.grading.judge
    if section is None:
        return NoJudge()
    return OpenAIJudge(section.url, section.key(), section.model, limit_s=section.limit_s)
