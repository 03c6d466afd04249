"""The wires of the providers, as bytes that a service sends: one `Dialect` each.

The shapes are those of the recordings of real traffic. A new provider is tested by adding its dialect to
`DIALECTS`: everything in `tests/behaviour` runs over all of them.
"""

import pytest

from tests.behaviour.anthropic_dialect import AnthropicDialect
from tests.behaviour.compatible_dialects import COMPATIBLE
from tests.behaviour.google_dialect import GoogleDialect
from tests.behaviour.ollama_dialect import OllamaDialect
from tests.behaviour.openai_dialects import ChatDialect, ResponsesDialect
from tests.behaviour.proxy_dialect import ProxyDialect
from tests.behaviour.sdk_dialects import SDKS
from tests.behaviour.wire import Dialect

DIALECTS: list[Dialect] = [
    ResponsesDialect(),
    ChatDialect(),
    AnthropicDialect(),
    GoogleDialect(),
    OllamaDialect(),
    ProxyDialect(),
    *COMPATIBLE,
]
ALIKE = [*COMPATIBLE, *SDKS]
"""Those that share their codec with one of the others: they are asked where there is time."""
CASES = [
    pytest.param(dialect, marks=[pytest.mark.thorough] if dialect in ALIKE else [], id=dialect.name)
    for dialect in [*DIALECTS, *SDKS]
]

every_door = pytest.mark.parametrize("door", ["run", "run_stream on uvloop", "run_sync"])
every_dialect = pytest.mark.parametrize("dialect", CASES)
