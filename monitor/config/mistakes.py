"""Mistakes in a configuration, in words: a line each, with the nearest known key."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from monitor.config.engines import TAGS
from monitor.config.settings import Config


def explained(error: ValidationError) -> Iterator[str]:
    """Yield one sentence for each mistake."""
    for item in error.errors():
        location = [str(part) for part in item["loc"] if part not in TAGS]
        where = ".".join(location)
        if item["type"] == "extra_forbidden":
            yield f"{where}: unknown key{_nearest(location)}"
        elif item["type"] == "missing":
            yield f"{where}: is missing"
        elif item["type"] == "model_type":
            yield f"{where}: must be a mapping of keys to values"
        else:
            yield f"{where}: {item['msg'].removeprefix('Value error, ')}"


def _nearest(location: list[str]) -> str:
    near = difflib.get_close_matches(location[-1], _known_keys(location[:-1]), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _known_keys(location: list[str]) -> list[str]:
    """Return the keys of the section, of whatever kind, that a location of an error points into."""
    fields: Mapping[str, Any] = Config.model_fields
    for part in location:
        if part in fields:
            sections = list(_sections_of(fields[part].annotation))
            known = [
                ((info.alias or name, info) for name, info in section.model_fields.items())
                for section in sections
            ]
            fields = dict(itertools.chain(*known)) if sections else fields
    return list(fields)


def _sections_of(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_of(part)
