"""`backstop demo`: the whole story on this machine, told through the public surfaces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from monitor.cli.output import console, errors, say, show_json
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.cli.client import Client


def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="End at once, not at Ctrl-C.")] = False,
    seed: Annotated[int, typer.Option(help="Of the customers' messages.")] = 1,
    rate: Annotated[float, typer.Option(min=0.5, max=200, help="Requests per second.")] = 20.0,
    folder: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """See a bad adapter go live, get caught, and the good one come back.

    Example: backstop demo --exit --json
    """
    if find_spec("openai") is None:
        raise ConfigError("the demo's callers use OpenAI's client: pip install 'backstop[demo]'")
    from monitor.config import default_data_dir

    root = folder or default_data_dir() / "demo"
    asyncio.run(_demo(root.resolve(), seed, rate, stay=not exit_, as_json=as_json))


async def _demo(root: Path, seed: int, rate: float, *, stay: bool, as_json: bool) -> None:
    from monitor.cli.client import Client
    from monitor.demo import cast, show
    from monitor.demo.stage import Stage

    def tell(sentence: str) -> None:
        if as_json:
            errors.print(sentence, markup=False)
        else:
            say(sentence)

    def operator(stage: Stage) -> Client:
        return Client(url=stage.url, token=stage.token("operator"))

    tell("three small adapters are trained first, if they are not there yet (about a minute, once)")
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
    ) as progress:
        task = progress.add_task("training the adapters", total=None)
        versions = await asyncio.to_thread(
            cast.train_missing,
            root,
            train,
            lambda words: progress.update(task, description=words),
        )
    figures = await show.run(
        show.Setting(root=root, versions=versions, seed=seed, rate=rate, stay=stay),
        operator=operator,
        say=tell,
        finish=lambda figures: _finish(figures, as_json),
    )
    if figures.false_rollbacks or figures.phase != "proved":
        raise typer.Exit(1)


def train(examples: str, out: Path, progress: Callable[[int, int], None]) -> None:
    """Train one of the demo's adapters; see `cast.Train`."""
    from monitor.adaptation import lora
    from monitor.adaptation.examples import read_examples
    from monitor.demo.cast import MODEL

    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "examples.jsonl"
        file.write_text(examples, encoding="utf-8")
        rows = read_examples(file)
    lora.train_lora(MODEL, rows, out, on_progress=lambda step, steps, loss: progress(step, steps))


def _finish(figures: Any, as_json: bool) -> None:
    if as_json:
        show_json(figures.as_dict())
        return
    from monitor.demo.timeline import timeline

    console.print(timeline(figures), markup=False, highlight=False)
