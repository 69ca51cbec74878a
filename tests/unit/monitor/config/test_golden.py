"""The configuration of golden runs."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from monitor.config.golden import GoldenConfig


def test_a_run_has_a_process_of_its_own_unless_it_is_told_otherwise() -> None:
    """On a GPU where there is one, with a share of its memory."""
    config = GoldenConfig()
    assert (config.own_process, config.device, config.after_promotion) == (True, "auto", True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"own_process": False, "device": "cpu"}, "device: only a process of its own"),
        ({"device": "tpu"}, "pattern"),
        ({"memory_share": 0}, "greater than 0"),
        ({"at_once": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_done_is_refused(given: dict[str, object], said: str) -> None:
    """With a word for what is wrong."""
    with pytest.raises(ValidationError, match=said):
        GoldenConfig.model_validate(given)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:1"])
def test_the_devices_are_torchs(device: str) -> None:
    """A number picks one of several GPUs."""
    assert GoldenConfig(device=device).device == device
