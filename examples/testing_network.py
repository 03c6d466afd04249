"""No test reaches a model over the network because somebody forgot to put a fake in its place."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from voxagent import Agent, ConfigError, StreamChunk, get_default_registry
from voxagent.providers import ModelRequest
from voxagent.testing import forbid_network


@dataclass
class Remote:
    """Stands for a provider that asks a service."""

    model: str
    name = "remote"

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[StreamChunk]]:
        raise NotImplementedError


get_default_registry().register("remote", Remote)

with forbid_network():  # or forbid_network() alone, in a conftest.py
    print(Agent("offline:demo").run_sync("Hi!").ok)
    try:
        Agent("remote:large").run_sync("Hi!")
    except ConfigError as error:
        print(error)
