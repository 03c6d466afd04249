"""Whose fault is it, and may another try help?"""

from voxagent import Agent, ConfigError, ProviderError, RunError, VoxAgentError
from voxagent.errors import RateLimitError
from voxagent.testing import ScriptedProvider, fails, refusal


def told(error: VoxAgentError) -> str:
    match error:
        case ConfigError():
            return f"fix the program: {error}"
        case ProviderError(retryable=True):
            return f"try again in {error.retry_after or 1:g} s ({error.kind})"
        case ProviderError():
            return f"another model may help ({error.kind})"
        case RunError():
            return f"this run is over ({error.kind}): {error}"
        case _:
            return error.message


limited = fails(RateLimitError("slow down", status=429, retry_after=7))
for model in (ScriptedProvider(limited), ScriptedProvider(refusal("I will not.")), "offlin:demo"):
    try:
        result = Agent(model, output_type=int).run_sync("go")  # raises what is wrong ahead of the run
        result.raise_for_error()  # raises what ended the run
    except VoxAgentError as error:
        print(told(error))
