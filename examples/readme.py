"""Ask for the weather, and get a typed answer."""

from dataclasses import dataclass

from pydantic import BaseModel

from voxagent import Agent, ModelRetry, ToolContext


@dataclass
class Station:
    celsius: dict[str, float]


class Forecast(BaseModel):
    city: str
    celsius: float


agent = Agent("offline:demo", deps_type=Station, output_type=Forecast)  # Agent[Station, Forecast]


@agent.tool
def temperature(ctx: ToolContext[Station], city: str) -> float:
    """Look up the current temperature.

    Args:
        city: Name of the city, in English.
    """
    if city not in ctx.deps.celsius:
        raise ModelRetry(f"no city {city!r}; there are {', '.join(ctx.deps.celsius)}")
    return ctx.deps.celsius[city]


result = agent.run_sync("How warm is Oslo?", deps=Station({"Oslo": 4.5, "Rome": 21.0}))
print(result.output)  # a Forecast
print([call.name for call in result.tool_calls], result.usage.requests)
