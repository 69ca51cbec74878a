"""How many shadows each deployment may have in an hour, as the configuration says."""

from __future__ import annotations

import math
from collections.abc import Mapping

from monitor.config import Config
from monitor.gateway.allowance import Allowance


def of(config: Config, gateways: int) -> Mapping[str, Allowance]:
    """Return each gateway's part, rounded up, for the deployments that have a bound."""
    return {
        name: Allowance(math.ceil(section.shadow.most_per_hour / gateways))
        for name, section in config.deployments.items()
        if section.shadow.most_per_hour is not None
    }
