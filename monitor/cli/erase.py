"""`backstop erase`: what is kept of one subject goes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from monitor.cli.output import say, show_json


def erase(
    subject: Annotated[
        str, typer.Option(help="The caller on record, or the answers' tag `subject` or `user`")
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Delete the answers of one subject; the audit trail says that it happened, and not whose.

    Example: backstop erase --subject customer-4711
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools

    erased = tools.erase(configuration.load(config), subject)
    if as_json:
        show_json(asdict(erased))
        return
    say(
        f"erased {erased.exchanges} answers, {erased.feedback} remarks; {erased.observations} scores "
        f"made nameless; the audit trail knows the subject as {erased.subject}"
    )
