"""A report in a real browser, and printed by one."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import Unavailable
from monitor.ports.stores import Stores
from monitor.reports import pdf
from monitor.reports.data import fleet
from monitor.reports.period import Period
from monitor.reports.render import Format, render
from monitor.reports.words import Language
from tests.integration.web.browsing import MARKS, chromium, keep
from tests.integration.web.story import trouble

pytestmark = MARKS
