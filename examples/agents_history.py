"""Go on with a conversation that the program keeps itself."""

from voxagent import Agent, Message

agent = Agent("offline:demo")

first = agent.run_sync("My name is Ada.")
second = agent.run_sync("What is my name?", message_history=first.messages)
print(second.output)
print(len(second.messages), len(second.new_messages))

# Messages are data: keep them as JSON, load them again.
kept = [message.model_dump_json() for message in second.messages]
history = [Message.model_validate_json(line) for line in kept]
print(history == second.messages)
