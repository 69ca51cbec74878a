"""The process that decides: judges, flips and proves as leader, and serves the operators' surfaces."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from functools import partial
from importlib import metadata
from pathlib import Path

import structlog
import uvicorn
from prometheus_client import CollectorRegistry
from sqlalchemy.engine import Engine as Database

from monitor.bootstrap import (
    database,
    files,
    fleet,
    operating,
    processes,
    replicas,
    scorer_process,
    standing,
    surfaces,
    waiting,
)
from monitor.bootstrap.closed_loop import ClosedLoop, Site, close_loop
from monitor.bootstrap.files import DeploymentFiles
from monitor.bootstrap.operating import Operating
from monitor.bootstrap.post import Post
from monitor.bootstrap.processes import Ending
from monitor.engines.base_files import BaseFacts, read_base, told_base
from monitor.engines.servers.opened import open_server
from monitor.engines.servers.server import ModelServer, ServerFacts
from monitor.ports.stores import Stores
from monitor.runtime import wakers as news
from monitor.runtime.fleet import last_routes
from monitor.runtime.fleet.hub import Hub
from monitor.runtime.fleet.kept_routes import KeptRoutes
from monitor.runtime.loops import Loop
from monitor.runtime.routing import Router, route_of
from monitor.runtime.wakers import Wakers
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.deployments import PostgresDeployments
from monitor.storage.stores import open_stores
from monitor.web.app import create_app
from monitor.web.process_metrics import ProcessCollector
from monitor.web.serving import Surfaces

log = structlog.get_logger(__name__)

NAME = "control"
_LANDING_LIMIT_S = 5.0  # a longer answer is not waited for: people want the news
