"""Test a program that has an agent in it: the model says what the test wrote down."""

from voxagent import Agent
from voxagent.testing import ScriptedProvider, answer, text, tool_call

# The program:
agent = Agent("openai:gpt-5", system_prompt="You are a calculator.")


@agent.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def asked(question: str) -> str:
    return agent.run_sync(question).output


# Its tests:
def test_both_sums_are_computed() -> None:
    model = ScriptedProvider(
        answer(text("Let me see."), tool_call("add", a=1, b=2), tool_call("add", a=3, b=4)),
        text("3 and 7"),
    )
    with agent.override(model=model):
        assert asked("What are 1 + 2 and 3 + 4?") == "3 and 7"
    first, second = model.requests
    assert first.system == "You are a calculator."
    assert [result.text for result in second.messages[-1].tool_results] == ["3", "7"]


def test_a_script_that_does_not_fit_fails_the_test() -> None:
    try:
        with agent.override(model=ScriptedProvider(text("hello"), text("never asked for"))):
            asked("Hi!")
    except AssertionError as error:
        print(error)


test_both_sums_are_computed()
test_a_script_that_does_not_fit_fails_the_test()
