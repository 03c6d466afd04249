"""Check an output with more than its type, and let the model try again."""

from dataclasses import dataclass

from voxagent import Agent, ModelRetry, RunContext
from voxagent.errors import OutputError
from voxagent.testing import ScriptedProvider, tool_call


@dataclass
class Shop:
    stock: dict[str, int]


@dataclass
class Order:
    item: str
    count: int


agent = Agent("offline:demo", deps_type=Shop, output_type=Order, result_retries=1)


@agent.output_validator
def in_stock(ctx: RunContext[Shop], order: Order) -> Order:
    if order.count > ctx.deps.stock[order.item]:
        raise ModelRetry(f"there are only {ctx.deps.stock[order.item]} of {order.item!r}")
    return order


five, three = (tool_call("final_result", item="tea", count=count) for count in (5, 3))
shop = Shop({"tea": 3})
print(agent.run_sync("Tea!", deps=shop, model=ScriptedProvider(five, three)).output)

result = agent.run_sync("Tea!", deps=shop, model=ScriptedProvider(five, five))
print(isinstance(result.error, OutputError), result.error)
