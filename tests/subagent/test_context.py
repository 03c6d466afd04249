"""Where a run stands among those around it."""

import pickle

import pytest

from voxagent import MaxDepthExceededError, RunContext, SubAgentContext, ToolContext
from voxagent.subagent import DEFAULT_MAX_DEPTH


def test_a_context_of_a_run_of_its_own_is_at_the_top() -> None:
    assert SubAgentContext() == SubAgentContext(depth=0, max_depth=DEFAULT_MAX_DEPTH, parent_run_id=None)
    assert DEFAULT_MAX_DEPTH == 5


def test_each_child_is_one_deeper_and_knows_the_run_above() -> None:
    top = SubAgentContext(max_depth=2, parent_run_id="r0")
    assert top.child_context("r1") == SubAgentContext(1, 2, "r1")
    assert top.child_context() == SubAgentContext(1, 2, "r0")
    assert top.child_context().child_context("r2") == SubAgentContext(2, 2, "r2")


def test_too_deep_is_an_error_that_tells_both_numbers() -> None:
    SubAgentContext(2, 2).check_depth()
    for deep in (lambda: SubAgentContext(3, 2).check_depth(), lambda: SubAgentContext(2, 2).child_context()):
        with pytest.raises(MaxDepthExceededError) as caught:
            deep()
        for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
            assert (error.depth, error.max_depth, str(error)) == (
                3,
                2,
                "sub-agents nested 3 deep, at most 2 are allowed",
            )


def test_a_context_is_made_from_that_of_a_tool() -> None:
    assert SubAgentContext.from_tool_context(ToolContext(run_id="r7", depth=3)) == SubAgentContext(3, 5, "r7")
    assert SubAgentContext.from_tool_context(RunContext(), max_depth=1) == SubAgentContext(0, 1, None)
