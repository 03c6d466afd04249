"""Several keys of one provider, tried in their order."""

from voxagent import Agent
from voxagent.errors import RateLimitError
from voxagent.providers import AuthProfile, FailoverPolicy, ProviderRegistry
from voxagent.testing import FunctionProvider


def service(model: str, api_key: str) -> FunctionProvider:
    def answered(messages: object, request: object) -> str:
        if api_key == "key-of-the-team":
            raise RateLimitError("too many requests", retry_after=30)
        return "Hello!"

    return FunctionProvider(answered, name="service", model=model)


registry = ProviderRegistry()
registry.register("service", service)
profiles = [
    AuthProfile(id="team", api_key="key-of-the-team", provider="service"),
    AuthProfile(id="spare", api_key="key-for-a-rainy-day", provider="service"),
]
agent = Agent("service:m", failover=FailoverPolicy(profiles=profiles), registry=registry)

for _ in range(2):
    result = agent.run_sync("Hello?")
    print(result.output, [(attempt.profile, attempt.reason) for attempt in result.attempts])
print([profile.is_available() for profile in profiles])
