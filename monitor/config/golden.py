"""How golden runs are done."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from monitor.config.section import Section


class GoldenConfig(Section):
    """Where golden runs answer, and how much they may take.

    Args:
        own_process: whether the local engine's golden runs answer in a process of their own, with
            their own copy of the model; else they share the engine that serves.
        device: of that process: `auto` (a GPU when there is one), `cpu`, `cuda` or `cuda:N`.
        memory_share: the most of a GPU's memory that it may take, in (0, 1].
        niceness: how far it steps back for the service on the CPU, from 0 to 19.
        threads: CPU threads of it; without a word one core is left to the service.
        window: cases that its process answers between two looks at whether they are enough.
        rows: answers of both versions that share a step there.
        columns: tokens that the rows of a step may have together, padding included: the bound of
            its key-value cache.
        at_once: cases that are asked together, of each version, where there is no such process; on
            a model server also the most requests at once for each version.
        case_limit_s: seconds for one answer and its grading.
        after_promotion: whether the set is run after every promotion.
    """

    own_process: bool = True
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    memory_share: float = Field(default=0.4, gt=0, le=1)
    niceness: int = Field(default=10, ge=0, le=19)
    threads: int | None = Field(default=None, ge=1)
    window: int = Field(default=64, ge=1, le=1024)
    rows: int = Field(default=64, ge=1, le=4096)
    columns: int = Field(default=32_768, ge=1)
    at_once: int = Field(default=8, ge=1, le=1024)
    case_limit_s: float = Field(default=300.0, gt=0)
    after_promotion: bool = True

    @model_validator(mode="after")
    def _uses_its_process(self) -> Self:
        named = self.model_fields_set & {
            "device",
            "memory_share",
            "niceness",
            "threads",
            "window",
            "rows",
            "columns",
        }
        if named and not self.own_process:
            raise ValueError(
                f"{', '.join(sorted(named))}: only a process of its own has that; "
                "leave it out, or set own_process: true"
            )
        return self
