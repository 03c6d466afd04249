"""One of several output types."""

from pydantic import BaseModel

from voxagent import Agent, one_of
from voxagent.testing import ScriptedProvider, tool_call


class Forecast(BaseModel):
    city: str
    celsius: float


class NoForecast(BaseModel):
    """Say why there is no forecast."""

    reason: str


model = ScriptedProvider(tool_call("final_result_NoForecast", reason="Atlantis has sunk."))
agent = Agent(model, output_type=one_of(Forecast, NoForecast))  # Agent[None, Forecast | NoForecast]

match agent.run_sync("How warm is Atlantis?").output:
    case Forecast(city=city, celsius=celsius):
        print(f"{city}: {celsius}")
    case NoForecast(reason=reason):
        print(f"unknown: {reason}")

print([spec.name for spec in model.requests[0].tools])
