"""`backstop pilot`: compares adapters with prompts and full fine-tuning, and says what pays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from monitor.cli.options import AsJson
from monitor.cli.output import errors, say, show_json, show_table
from monitor.errors import BadGoldenSet, BadRequest

if TYPE_CHECKING:
    from guards.golden_case import GoldenCase
    from monitor.adaptation.pilot.plan import Cell, Plan
    from monitor.adaptation.recipe import Method

_METHODS = "lora, rslora, dora, ia3, layernorm, prompt, partial, full"
REPORT = "pilot"


def pilot(
    examples: Annotated[
        Path | None, typer.Argument(help="JSON Lines: messages or prompt, completion")
    ] = None,
    base: Annotated[Path | None, typer.Option(help="The base model's folder")] = None,
    methods: Annotated[str, typer.Option(help=f"Of {_METHODS}, with commas")] = "lora,full",
    sizes: Annotated[str, typer.Option(help="Numbers of examples")] = "10,30,100,300",
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Trainings of each")] = 3,
    golden: Annotated[
        Path | None, typer.Option(help="Golden cases to measure on; else a share is kept back")
    ] = None,
    keep: Annotated[float, typer.Option(min=0.05, max=0.5, help="That share")] = 0.2,
    slice_by: Annotated[
        str, typer.Option(help="Field of the answers' JSON that parts kept cases")
    ] = "",
    general: Annotated[
        Path | None, typer.Option(help="Examples of other abilities, to measure forgetting")
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices (YAML), for money")] = None,
    out: Annotated[Path, typer.Option(help="Where cells and report are kept")] = Path("pilot"),
    jobs: Annotated[int, typer.Option(min=1, help="Cells measured at a time")] = 1,
    demo: Annotated[bool, typer.Option("--demo", help="Pilot the demo's own task.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Print with Chromium too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Compare adapters with prompts and full fine-tuning, and write a report to decide by.

    Given again, the same command goes on where it was stopped.

    Example: backstop pilot tickets.jsonl --base ./llama --sizes 30,100 --prices prices.yaml
    """
    from monitor.adaptation.pilot import conclusion, runs
    from monitor.adaptation.pilot import prices as pricing

    options: dict[str, Any] = {
        "methods": _chosen(methods),
        "sizes": _numbers(sizes),
        "seeds": seeds,
        "keep": keep,
        "slice_by": slice_by,
    }
    plan = _demo_plan(options) if demo else _plan(examples, base, golden, general, options)
    known = None if prices is None else pricing.read(prices)
    with _progress() as progress:
        task = progress.add_task("measuring", total=None)

        def on_cell(cell: Cell, done: int, of: int) -> None:
            progress.update(task, completed=done, total=of, description=cell.name)

        cells = runs.run(plan, out, jobs=jobs, on_cell=on_cell)
    told = conclusion.conclude(plan, cells, prices=known)
    files = _written(told, out, pdf=pdf)
    _show(told, files, as_json)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=errors, transient=True)


def _plan(
    examples: Path | None,
    base: Path | None,
    golden: Path | None,
    general: Path | None,
    options: Mapping[str, Any],
) -> Plan:
    from monitor.adaptation.examples import read_examples
    from monitor.adaptation.pilot.plan import planned

    if examples is None or base is None:
        raise BadRequest("say what is piloted: EXAMPLES.jsonl and --base FOLDER, or --demo")
    return planned(
        base,
        read_examples(examples),
        golden=() if golden is None else _cases(golden),
        general=() if general is None else read_examples(general),
        **options,
    )


def _demo_plan(options: Mapping[str, Any]) -> Plan:
    from guards.exchange import Message
    from monitor.adaptation.examples import TrainingExample
    from monitor.adaptation.pilot.plan import planned
    from monitor.demo import corpus, task
    from monitor.demo.cast import MODEL

    def taught(prompt: str, completion: str) -> TrainingExample:
        turn = Message(role="user", content=prompt)
        return TrainingExample(messages=(turn,), completion=completion)

    most = max(options["sizes"])
    return planned(
        MODEL,
        [taught(each.message, each.ticket) for each in task.good_examples(most)],
        golden=task.golden_set(),
        general=[taught(*pair) for pair in corpus.pairs(_GENERAL, _GENERAL_SEED)],
        **options,
    )


_GENERAL, _GENERAL_SEED = 40, 3_000  # examples of what the demo's base model knows


def _chosen(methods: str) -> Sequence[Method]:
    from monitor.adaptation.recipe import Method

    try:
        return [Method(name.strip()) for name in methods.split(",")]
    except ValueError as error:
        raise BadRequest(f"{error}; methods are {_METHODS}") from error


def _numbers(sizes: str) -> Sequence[int]:
    try:
        found = [int(size) for size in sizes.split(",")]
    except ValueError as error:
        raise BadRequest(f"--sizes {sizes}: must be numbers with commas, as 10,30,100") from error
    if min(found) < 1:
        raise BadRequest(f"--sizes {sizes}: must be above 0")
    return found


def _cases(file: Path) -> Sequence[GoldenCase]:
    from guards.golden import GoldenSetError
    from guards.golden_formats import formats

    try:
        return formats.read(file.read_text(encoding="utf-8"))
    except GoldenSetError as error:
        raise BadGoldenSet(f"{file}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadGoldenSet(f"{file}: cannot be read: {error}") from error


def _written(told: Mapping[str, Any], out: Path, *, pdf: bool) -> Sequence[Path]:
    """Write the JSON, and the report in each language; return the files."""
    from monitor.reports import pilot as reports
    from monitor.reports import pilot_pdf

    files = [out / f"{REPORT}.json"]
    files[0].write_text(json.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
    for language in reports.LANGUAGES:
        page = out / f"{REPORT}.{language}.html"
        page.write_text(reports.html(told, language), encoding="utf-8")
        files.append(page)
        if pdf:
            pilot_pdf.print_page(page, page.with_suffix(".pdf"))
            files.append(page.with_suffix(".pdf"))
    return files


def _show(told: Mapping[str, Any], files: Sequence[Path], as_json: bool) -> None:
    from monitor.reports.pilot_words import ENGLISH

    if as_json:
        show_json({**told, "files": [str(file) for file in files]})
        return
    columns = ("arm", "examples", "quality", "95 %", "regression", "forgetting")
    show_table("Pilot", columns, [_line(row) for row in told["rows"]])
    found = told["recommendation"]
    row = told["rows"][found["row"]]
    say(f"{ENGLISH[found['advice']]} ({row['arm']}, {row['size']} examples)")
    say("written: " + ", ".join(map(str, files)))


def _line(row: Mapping[str, Any]) -> Sequence[Any]:
    if "failed" in row:
        return (row["arm"], row["size"], row["failed"], None, None, None)
    quality, forgetting = row["quality"], row["forgetting"]
    return (
        row["arm"],
        row["size"],
        f"{quality['mean']:.3f}",
        f"{quality['low']:.3f}–{quality['high']:.3f}",
        f"{row['regression_rate']:.3f}",
        None if forgetting is None else f"{forgetting:+.3f}",
    )
