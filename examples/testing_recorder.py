"""Write down what a model was asked and what it answered."""

from voxagent import Agent
from voxagent.testing import RequestRecorder, ScriptedProvider, text

recorder = RequestRecorder(ScriptedProvider(text("Hello Ada!")))
agent = Agent(recorder, system_prompt="Be nice.")
agent.run_sync("I am Ada.")
[exchange] = recorder.exchanges
print(exchange.request.system, "|", exchange.request.messages[0].text)
print([type(chunk).__name__ for chunk in exchange.chunks], exchange.complete)
print(recorder.dump_json(indent=None)[:60])
