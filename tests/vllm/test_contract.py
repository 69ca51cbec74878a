"""The real vLLM keeps the contract that its stand-in was written by, and every engine's."""

from __future__ import annotations

import pytest

from monitor.engines.servers.server import ModelServer
from monitor.ports.engine import Engine
from tests.contract.test_engine import (
    test_a_missing_folder_is_an_engine_error,
    test_a_version_serves_from_load_to_unload,
    test_an_answer_may_be_closed_early,
    test_only_the_last_piece_has_a_finish_reason,
)
from tests.contract.test_vllm import (
    engine,
    post,
    test_a_fingerprint_holds_beside_other_versions_traffic,
    test_a_fingerprint_is_stable_and_tells_versions_apart,
    test_a_folder_that_is_not_there_is_explained,
    test_a_given_text_is_scored,
    test_a_name_is_loaded_once,
    test_a_prompt_beyond_the_context_is_the_callers_mistake,
    test_a_rank_over_the_limit_is_explained,
    test_a_restart_empties_it_and_loading_fills_it,
    test_a_text_for_a_version_that_is_not_loaded_is_not_scored,
    test_a_version_that_is_not_loaded_answers_nothing,
    test_an_answer_comes_token_by_token,
    test_an_answer_that_is_closed_leaves_the_engine_to_others,
    test_the_server_has_no_problems,
    test_unloading_what_is_not_there_is_not_found,
    test_versions_are_loaded_listed_and_unloaded,
)

__all__ = [
    "engine",
    "post",
    "test_a_fingerprint_holds_beside_other_versions_traffic",
    "test_a_fingerprint_is_stable_and_tells_versions_apart",
    "test_a_folder_that_is_not_there_is_explained",
    "test_a_given_text_is_scored",
    "test_a_missing_folder_is_an_engine_error",
    "test_a_name_is_loaded_once",
    "test_a_prompt_beyond_the_context_is_the_callers_mistake",
    "test_a_rank_over_the_limit_is_explained",
    "test_a_restart_empties_it_and_loading_fills_it",
    "test_a_text_for_a_version_that_is_not_loaded_is_not_scored",
    "test_a_version_serves_from_load_to_unload",
    "test_a_version_that_is_not_loaded_answers_nothing",
    "test_an_answer_comes_token_by_token",
    "test_an_answer_may_be_closed_early",
    "test_an_answer_that_is_closed_leaves_the_engine_to_others",
    "test_only_the_last_piece_has_a_finish_reason",
    "test_the_server_has_no_problems",
    "test_unloading_what_is_not_there_is_not_found",
    "test_versions_are_loaded_listed_and_unloaded",
]

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


@pytest.fixture
def any_engine(engine: ModelServer) -> Engine:
    """Return the real vLLM as one of the engines."""
    return engine
