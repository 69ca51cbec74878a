"""`backstop exchanges`: single answers."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import say, show_json, show_table

app = typer.Typer(help="Look at single answers.")

_SHOWN = 12


@app.callback()
def exchanges() -> None:
    """Keep `explain` a word of its own, though it is the only one."""


@app.command()
def explain(
    exchange: Annotated[str, typer.Argument(help="The answer's id, e.g. X-Request-Id's")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Say why an answer was flagged: findings, how rare its signals are, nearest usual answers.

    Example: backstop exchanges explain 0b7e6c1a-2f5d-4d0e-9c38-5d0c6f1f7a10
    """
    found = client_of(config).get(f"/api/exchanges/{quote(exchange, safe='')}/explanation")
    if as_json:
        show_json(found)
        return
    answer, size = found["answer"], found["reference_size"]
    say(f"{answer['id']}: {answer['verdict']}, by {answer['adapter'] or 'the base model'}")
    for each in answer["findings"] or ["no guard and no fault was found"]:
        say(f"- {each}")
    against = f"against {size} reference answers" if size else "there is no reference yet"
    columns = ("signal", "value", "conformal p", "meaning")
    show_table(
        f"Signals, the rarest first, {against}", columns, map(_row, found["rarities"][:_SHOWN])
    )
    for each in found["neighbours"]:
        say(
            f"near: {each['id']}: {each['output'] if each['output'] is not None else 'text not kept'}"
        )


def _row(signal: dict[str, Any]) -> tuple[str, str, str | None, str]:
    p = signal["p"]
    value = f"{signal['value']:.4g} {signal['unit']}".rstrip()
    return signal["name"], value, None if p is None else f"{p:.3g}", signal["meaning"]
