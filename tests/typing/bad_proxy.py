"""What a proxy does not take."""

from voxagent.providers import ProxyProvider
from voxagent.providers.proxy.server import proxy_app

proxy_app(["openai:gpt-5"])  # E: an app without tokens
proxy_app([7], tokens=["a-token-of-16-characters"])  # E: a number as a model
proxy_app({"m": ProxyProvider}, tokens=["a-token-of-16-characters"])  # E: a class as a provider
ProxyProvider("openai:gpt-5", 7)  # E: a number as a token
ProxyProvider("openai:gpt-5", token="a-token")  # E: a token by another name
