"""The whole fleet in a sentence."""

from __future__ import annotations

import pytest

from monitor.reports.condition import Condition, Standing
from monitor.web.fleet import verdict
from monitor.web.overview import DeploymentView
from rollback.deployment import Deployment

WELL = Standing(condition=Condition.WELL, headline="All is well", detail="Nothing is wrong.")
DOUBT = Standing(condition=Condition.SUSPICION, headline="Suspicion", detail="It has changed.")
HARM = Standing(condition=Condition.BREACH, headline="Harm is shown", detail="It is worse.")


def views(*standings: Standing) -> list[DeploymentView]:
    return [
        DeploymentView(deployment=Deployment(name=f"d{number}"), standing=each, point=None)
        for number, each in enumerate(standings)
    ]


@pytest.mark.parametrize(
    ("standings", "headline", "detail"),
    [
        ([], "Nothing is deployed yet", "Add an adapter and promote it."),
        ([DOUBT], "Suspicion", "It has changed."),
        (
            [WELL, WELL],
            "All is well",
            "2 deployments serve, and nothing speaks against any of them.",
        ),
        ([WELL, DOUBT], "d1: Suspicion", "It has changed. 1 of 2 deployments are calm."),
        (
            [HARM, WELL, DOUBT],
            "2 of 3 deployments need a look",
            "It is worse. 1 of 3 deployments are calm.",
        ),
    ],
)
def test_the_gravest_is_told_and_the_others_are_counted(standings, headline, detail):
    """One glance says whether somebody has to do something, and where."""
    told = verdict(views(*standings))
    assert (told.headline, told.detail) == (headline, detail)
