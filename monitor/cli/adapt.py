"""`backstop adapt`: makes an adapter from examples, and registers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import errors, say, show_json, show_table
from monitor.errors import BadGoldenSet, BadRequest

if TYPE_CHECKING:
    from monitor.adaptation.recipe import Recipe
    from monitor.adaptation.training import Made

_METHODS = "lora, rslora, dora, ia3, layernorm, prompt, partial, full"


def adapt(
    examples: Annotated[Path, typer.Argument(help="JSON Lines: messages or prompt, completion")],
    base: Annotated[
        Path | None, typer.Option(help="The base model's folder; else the configuration's")
    ] = None,
    deployment: Annotated[
        str | None, typer.Option(help="Register with the service as a version of this family")
    ] = None,
    method: Annotated[str, typer.Option(help=_METHODS)] = "lora",
    task: Annotated[str, typer.Option(help="generation or classification")] = "generation",
    rank: Annotated[int | None, typer.Option(min=1, max=256)] = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch: Annotated[int | None, typer.Option(min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The method's own if absent")] = None,
    targets: Annotated[
        list[str] | None, typer.Option("--target", help="A module to adapt; else all linear ones")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split and the training.")] = 1,
    grid: Annotated[bool, typer.Option("--grid", help="Try six recipes, keep the best.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    keep: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="Share kept back as golden cases")
    ] = 0.2,
    golden: Annotated[
        Path | None, typer.Option(help="A golden set that no example may be in")
    ] = None,
    suspects: Annotated[
        bool, typer.Option("--suspects", help="Only list examples that look mislabelled.")
    ] = False,
    import_golden: Annotated[
        bool, typer.Option("--import-golden", help="Replace the deployment's golden set.")
    ] = False,
    label: Annotated[str, typer.Option(help="What people call the version, e.g. v2")] = "",
    out: Annotated[Path | None, typer.Option(help="Where the adapter is put")] = None,
    card: Annotated[
        Path | None,
        typer.Option(help="A JSON or YAML file with what the version's card states"),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Make an adapter from examples, keep some as golden cases, register it if asked.

    Example: backstop adapt tickets.jsonl --base ./llama --deployment support --label v2
    """
    from monitor.adaptation import suspects as suspicion
    from monitor.adaptation.examples import read_examples

    rows = read_examples(examples)
    if suspects:
        _show_suspects([asdict(found) for found in suspicion.find(rows, seed)], as_json)
        return
    recipe = _recipe(
        method=method, task=task, rank=rank, epochs=epochs, batch=batch, seed=seed, device=device,
        learning_rate=learning_rate, targets=tuple(targets or ()),
    )  # fmt: skip
    _require_served(recipe, deployment)
    stated = _stated(card)
    if out is None and deployment is None:
        raise BadRequest("say where the adapter goes: --out FOLDER, or --deployment NAME")
    from monitor.adaptation import training
    from monitor.adaptation.maker import Order

    found = base or _configured_base(config)
    order = Order(
        recipe=recipe,
        base=found,
        out=out or _own_folder(config, deployment or "", examples, recipe, found, keep, grid),
        keep=keep,
        golden=() if golden is None else _prompts(golden),
        search=grid,
    )
    # A folder of ours is named by content: there already, it only has to be registered.
    known = out is None and order.out.exists()
    made = training.opened(order.out) if known else _made(order, rows)
    told = {"folder": str(made.folder), **made.facts}
    if deployment is not None:
        told |= _registered(made, order.base, deployment, label, import_golden, config, stated)
    _show(told, as_json)


def _stated(card: Path | None) -> Mapping[str, Any]:
    """Return the statement of the version's card as a fact. Raises `BadRequest`."""
    if card is None:
        return {}
    from monitor import config
    from rollback import card_statement

    try:
        said = card_statement.parse(config.read_mapping(card))
    except ValueError as error:
        raise BadRequest(f"{card}: {error}") from error
    return {card_statement.FACT: said.as_mapping()}


def _recipe(*, method: str, task: str, **said: Any) -> Recipe:
    from monitor.adaptation.recipe import Method, Recipe, Task

    try:
        recipe = Recipe(method=Method(method), task=Task(task))
    except ValueError as error:
        raise BadRequest(
            f"{error}; methods are {_METHODS}; tasks are generation, classification"
        ) from error
    if said["device"] not in ("auto", "cpu", "cuda"):
        raise BadRequest(f"{said['device']!r} is no device; say auto, cpu or cuda")
    return replace(recipe, **{name: value for name, value in said.items() if value is not None})


def _require_served(recipe: Recipe, deployment: str | None) -> None:
    """Refuse, before anything is trained, what the registry would not take in."""
    from monitor.adaptation.recipe import SERVED, Task

    served = recipe.method in SERVED and recipe.task is Task.GENERATION
    if deployment is not None and not served:
        raise BadRequest(
            f"{recipe.method.value} for {recipe.task.value} cannot be served beside other versions; "
            "give --out FOLDER instead of --deployment, or take lora or rslora for generation"
        )


def _configured_base(file: Path) -> Path:
    from monitor import config
    from monitor.config import LocalEngine

    engine = config.load(file).engine
    if not isinstance(engine, LocalEngine):
        raise BadRequest("the engine is a server: give its base model's folder with --base")
    return engine.model


def _own_folder(file: Path, deployment: str, examples: Path, *decided: Any) -> Path:
    """Return a folder in the data directory, named by content: a killed run finds its own."""
    import hashlib

    from monitor import config

    digest = hashlib.sha256(examples.read_bytes() + repr(decided).encode())
    return config.load(file).data_dir / "adapted" / f"{deployment}-{digest.hexdigest()[:12]}"


def _prompts(file: Path) -> Sequence[str]:
    from guards.golden import GoldenSetError
    from guards.golden_formats import formats

    try:
        cases = formats.read(file.read_text(encoding="utf-8"), "auto")
    except GoldenSetError as error:
        raise BadGoldenSet(f"{file}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadGoldenSet(f"{file}: cannot be read: {error}") from error
    return ["\n".join(message.content for message in case.messages) for case in cases]


def _made(order: Any, rows: Any) -> Made:
    from monitor.adaptation import maker

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("preparing", total=None)

        def on_progress(step: int, steps: int, loss: float) -> None:
            words = f"step {step} of {steps}, loss {loss:.3f}"
            progress.update(task, completed=step, total=steps, description=words)

        return maker.make(order, rows, on_progress)


def _registered(
    made: Made,
    base: Path,
    deployment: str,
    label: str,
    import_golden: bool,
    config: Path,
    stated: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Register with the service and have it load and probe the version."""
    from monitor.adaptation.maker import GOLDEN
    from monitor.engines import base_files

    client = client_of(config)
    body = {
        "family": deployment,
        "path": str(made.folder.resolve()),
        "label": label,
        "parent": None,
        "facts": {
            "training": dict(made.facts),
            "base_model_fingerprint": base_files.fingerprint(base),
            **stated,
        },
    }
    version = client.post("/api/adapters", body)["name"]
    cases = made.folder / GOLDEN
    if import_golden and cases.exists():
        client.put_text(f"/api/golden/{quote(deployment)}", cases.read_text(encoding="utf-8"))
    run = client.post(f"/api/golden/{quote(deployment)}/try", {"version": version})
    return {"version": version, "golden_verdict": run["verdict"]}


def _show_suspects(found: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(found)
    elif not found:
        say("no example looks mislabelled")
    else:
        columns = ("place", "field", "given", "expected", "probability")
        rows = [[suspect[name] for name in columns] for suspect in found]
        show_table("Examples that look mislabelled, the surest first", columns, rows)


def _show(told: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(told)
        return
    counts = told["examples"]
    say(
        f"{told['folder']}: {told['recipe']['method']} from {counts['training']} examples "
        f"({counts['held_out']} more chose step {told['best_step']}, {told['golden_cases']} are "
        f"kept as golden cases), {told['parameters']['trained']:,} values trained in "
        f"{told['seconds']:.0f} s"
    )
    if "version" in told:
        say(f"{told['version']} is verified; its golden run says {told['golden_verdict']}")
