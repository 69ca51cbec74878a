"""The wiring: the only place that knows every implementation."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from jsonschema import SchemaError
from jsonschema.validators import validator_for
from prometheus_client import CollectorRegistry

import monitor
from monitor import config as configuration
from monitor import logs
from monitor.alerts import schedule as retries
from monitor.alerts.slack import SlackSender
from monitor.alerts.webhook import WebhookSender
from monitor.config import Config
from monitor.engines.fingerprint import base_facts
from monitor.engines.local import LocalEngine
from monitor.errors import ConfigError
from monitor.gateway.app import routes
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.counters import Counters
from monitor.gateway.gateway import Gateway
from monitor.ports import Sender, Stores
from monitor.runtime import chores
from monitor.runtime.confirmation import Confirmation
from monitor.runtime.control import Control
from monitor.runtime.convergence import Convergence
from monitor.runtime.dispatch import Dispatcher
from monitor.runtime.freezes import Freezes
from monitor.runtime.golden_runs import GoldenRuns
from monitor.runtime.ingest import Ingest
from monitor.runtime.intake import ExchangeQueue
from monitor.runtime.jobs import Worker
from monitor.runtime.leadership import Leadership
from monitor.runtime.operations import OperatorActions
from monitor.runtime.promotion import Promotion
from monitor.runtime.rollbacks import Rollbacks
from monitor.runtime.routing import Router
from monitor.runtime.service import Service, Wakers
from monitor.runtime.suspicion import Suspicions
from monitor.runtime.versions import Versions
from monitor.runtime.watch import Watch
from monitor.scheduler.clock import Clock
from monitor.storage import migrate
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded
from monitor.storage.stores import open_stores
from monitor.web.app import create_app
from monitor.web.context import Web
from monitor.web.metrics import DeploymentCollector
from monitor.web.sessions import Sessions
from monitor.web.tokens import OperatorTokens
from rollback import policy as policies
from rollback.audit import verify
from rollback.policy import Policy, PolicyError

log = structlog.get_logger(__name__)

ENGINE_NAME = "local"
