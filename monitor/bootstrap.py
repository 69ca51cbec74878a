"""The wiring: the only place that knows every implementation."""

from __future__ import annotations

import structlog

log = structlog.get_logger(__name__)

ENGINE_NAME = "local"
