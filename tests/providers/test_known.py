"""What is known of models comes from one file, fact by fact with its source; whoever knows better says so."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from pydantic_core import from_json

from voxagent import Agent, ConfigError, UsageLimits
from voxagent.errors import InvalidModelStringError
from voxagent.providers import (
    AnthropicProvider,
    LongPrompt,
    ModelFacts,
    OpenAIChatProvider,
    OpenAIProvider,
    facts_of,
    known_facts,
    register_model_facts,
)
from voxagent.providers.anthropic import MessagesOptions
from voxagent.providers.http.retries import Retries
from voxagent.providers.known import facts as known
from voxagent.providers.known.facts import FEATURES, FILE

TOLD: dict[str, Any] = from_json(FILE.read_bytes())
ENTRIES = [(provider, entry) for provider, entries in TOLD["models"].items() for entry in entries]
every_entry = pytest.mark.parametrize(("provider", "entry"), ENTRIES, ids=lambda value: str(value)[:60])
HAIKU = "claude-haiku-4-5"


# --- the file ---------------------------------------------------------------------------------------


@every_entry
def test_every_entry_tells_where_it_was_read_and_when(provider: str, entry: Mapping[str, Any]) -> None:
    sources = [entry["source"]] if isinstance(entry["source"], str) else entry["source"]
    assert sources
    assert all(source.startswith("https://") for source in sources)
    assert date(2024, 1, 1) < date.fromisoformat(entry["date"]) <= date(2026, 11, 20)


@every_entry
def test_every_entry_says_only_what_facts_can_hold(provider: str, entry: Mapping[str, Any]) -> None:
    allowed = {"name", "also", "family", "context_window", "output_limit", "can", "prices", "long_prompt"}
    assert entry.keys() <= allowed | {"source", "date"}
    assert set(entry["can"]) <= set(FEATURES)
    assert entry["name"] == entry["name"].lower()
    window, limit = entry.get("context_window"), entry.get("output_limit")
    assert window is None or limit is None or limit <= window
    assert not ({"thinks_unasked", "native_beside_tools"} & set(entry["can"])) or {
        "thinking",
        "native_output",
    } & set(entry["can"])


@every_entry
def test_prices_are_dated_in_order_and_written_words_cost_no_less_than_read_ones(
    provider: str, entry: Mapping[str, Any]
) -> None:
    prices = entry.get("prices", [])
    days = [date.fromisoformat(price["since"]) for price in prices]
    assert days == sorted(set(days))
    for price in prices:
        assert 0 <= price["input"] <= price["output"]
        assert price.get("cached_input", 0) <= price["input"]


def test_no_name_is_there_twice() -> None:
    for provider, entries in TOLD["models"].items():
        names = [name for entry in entries for name in (entry["name"], *entry.get("also", ()))]
        assert len(names) == len(set(names)), provider


def test_features_are_fields_of_the_facts() -> None:
    assert {each.name for each in fields(ModelFacts) if each.type == "bool"} == set(FEATURES)


@pytest.mark.parametrize(
    "provider", ["anthropic", "deepseek", "google", "groq", "mistral", "ollama", "openai"]
)
def test_every_vendor_has_models_with_a_price(provider: str) -> None:
    names = [entry["name"] for entry in TOLD["models"][provider] if not entry.get("family")]
    facts = [known_facts(provider, name) for name in names]
    assert len(names) > 1
    assert all(one.input_price is not None and one.price_date for one in facts)


def test_the_file_is_read_when_a_model_is_first_asked_about_and_not_before() -> None:
    code = """
import sys
import voxagent
from voxagent import Agent
from voxagent.providers import OpenAIProvider
Agent(OpenAIProvider("gpt-5.5", api_key="x"))
from voxagent.providers.known import facts
print(facts._file.cache_info().currsize)
OpenAIProvider("gpt-5.5").facts("gpt-5.5")
OpenAIProvider("gpt-5.4").facts("gpt-5.4")
print(facts._file.cache_info())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    first, second = done.stdout.splitlines()
    assert first == "0"
    assert "misses=1" in second
    light = "import sys, voxagent; print('voxagent.providers.known' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", light], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"


# --- finding a model ------------------------------------------------------------------------------


def test_what_is_listed_of_a_model_is_found_by_its_name() -> None:
    assert known_facts("anthropic", HAIKU) == ModelFacts(
        context_window=200_000,
        output_limit=64_000,
        tools=True,
        native_output=True,
        native_beside_tools=True,
        thinking=True,
        thinks_unasked=False,
        images=True,
        documents=True,
        prefill=True,
        input_price=1,
        output_price=5,
        cached_input_price=0.1,
        cache_write_price=1.25,
        price_date="2025-10-01",
        long_prompt=None,
    )
    assert known_facts("openai", "gpt-6.2-sol").long_prompt == LongPrompt(272_000, 2, 1.5)


@pytest.mark.parametrize(
    ("provider", "dated", "name"),
    [
        ("anthropic", "claude-haiku-4-5-20251001", HAIKU),
        ("anthropic", "Claude-Haiku-4-5@20251001", HAIKU),
        ("anthropic", "claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
        ("anthropic", "claude-mythos-5", "claude-fable-5"),
        ("openai", "gpt-5.5-2026-04-23", "gpt-5.5"),
        ("openai", "gpt-4-0613", "gpt-4"),
        ("openai", "GPT-5-Mini", "gpt-5-mini"),
        ("google", "models/gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"),
        ("google", "gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("ollama", "qwen3:8b", "qwen3"),
    ],
)
def test_a_dated_name_means_the_model(provider: str, dated: str, name: str) -> None:
    assert known_facts(provider, dated) == known_facts(provider, name) != ModelFacts()


@pytest.mark.parametrize(
    ("provider", "coming"),
    [("openai", "gpt-6.9-nova"), ("anthropic", "claude-opus-7"), ("google", "gemini-3.9-ultra")],
)
def test_a_model_that_nobody_listed_can_what_its_family_can_and_has_no_price(
    provider: str, coming: str
) -> None:
    facts = known_facts(provider, coming)
    assert (facts.tools, facts.native_output, facts.thinks_unasked) == (True, True, True)
    assert (facts.context_window, facts.input_price, facts.output_price) == (None, None, None)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-realtime"),
        ("openai", ""),
        ("", "gpt-5"),
        ("nobody", "gpt-5"),
        ("openrouter", "a/b"),
    ],
)
def test_an_unknown_model_has_the_safe_defaults(provider: str, model: str) -> None:
    facts = known_facts(provider, model)
    assert facts == ModelFacts()
    assert (facts.tools, facts.native_output, facts.input_price) == (True, False, None)


def test_the_longest_family_is_the_models() -> None:
    assert known_facts("google", "gemini-3-x").native_beside_tools
    assert not known_facts("google", "gemini-2.5-x").native_beside_tools


def test_a_fine_tuned_model_can_what_its_base_can_at_a_price_that_nobody_knows() -> None:
    base, tuned = (
        known_facts("openai", "gpt-4o-mini"),
        known_facts("openai", "ft:gpt-4o-mini-2024-07-18:org::id"),
    )
    assert tuned == replace(base, input_price=None, output_price=None, cached_input_price=None, price_date="")


def test_a_model_of_this_machine_costs_nothing_and_one_of_the_cloud_nobody_knows_what() -> None:
    assert (
        known_facts("ollama", "whatever:7b").input_price
        == known_facts("ollama", "whatever").output_price
        == 0
    )
    for name in ("gpt-oss:120b-cloud", "qwen3:cloud"):
        facts = known_facts("ollama", name)
        assert (facts.input_price, facts.output_price, facts.thinking) == (None, None, True)


def test_a_model_that_is_resold_can_what_it_can_at_home() -> None:
    home, resold = known_facts("anthropic", HAIKU), known_facts("openrouter", "anthropic/claude-haiku-4.5")
    assert resold == replace(home, native_output=False, native_beside_tools=False)
    free = known_facts("openrouter", "deepseek/deepseek-flash:free")
    assert (free.input_price, free.output_price, free.context_window) == (0, 0, 1_000_000)
    assert known_facts("openrouter", "deepseek/deepseek-flash").input_price is None
    assert known_facts("openrouter", "openai/gpt-5.5:online").input_price is None
    assert known_facts("openrouter", "openai/gpt-5.5").input_price == 5


def test_the_price_is_that_of_the_day() -> None:
    def on(day: str) -> tuple[float | None, str]:
        facts = known._listed("google", "gemini-3.8-flash", day)
        return facts.input_price, facts.price_date

    assert on("2026-01-01") == (None, "")
    assert on("2026-12-31") == (0.75, "2026-09-02")
    assert on("2027-01-01") == (1.5, "2027-01-01")


# --- whoever knows better -------------------------------------------------------------------------


def test_facts_handed_to_a_provider_count_for_more_than_any_others() -> None:
    own = ModelFacts(context_window=7)
    register_model_facts("anthropic:claude-mine", ModelFacts(context_window=8))
    assert facts_of(AnthropicProvider("claude-mine", facts=own), "claude-mine") is own
    assert facts_of(OpenAIProvider("gpt-5", facts=own), "gpt-5") is own
    assert AnthropicProvider("claude-mine").facts("claude-mine").context_window == 8


def test_facts_that_were_registered_count_for_the_whole_process() -> None:
    own = ModelFacts(context_window=9, input_price=1.0, output_price=2.0)
    register_model_facts("OpenAI:my-tune", own)
    assert known_facts("openai", "my-tune") is own
    assert OpenAIProvider("my-tune", base_url="http://localhost:1/v1").facts("my-tune") is own
    assert known_facts("openai", "My-Tune") == ModelFacts()
    with pytest.raises(InvalidModelStringError, match="model string 'my-tune' is not of the form"):
        register_model_facts("my-tune", own)


def test_a_vendors_models_are_known_at_the_vendors_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    assert OpenAIProvider("gpt-5.5").facts("gpt-5.5") == known_facts("openai", "gpt-5.5")
    assert OpenAIChatProvider("gpt-5.5").facts("gpt-5.4") == known_facts("openai", "gpt-5.4")
    azure = OpenAIProvider("gpt-5.5", base_url="https://me.openai.azure.com/openai/v1")
    assert azure.facts("gpt-5.5") == known_facts("openai", "gpt-5.5")
    assert AnthropicProvider(HAIKU).facts(HAIKU) == known_facts("anthropic", HAIKU)
    for stranger in (
        OpenAIProvider("gpt-5.5", base_url="http://localhost:1/v1"),
        AnthropicProvider("gpt-5.5", base_url="http://localhost:1"),
    ):
        assert stranger.facts("gpt-5.5") == ModelFacts()


def test_what_is_kept_for_an_hour_costs_twice_as_much_to_write() -> None:
    hour = AnthropicProvider(HAIKU, options=MessagesOptions(cache="1h"))
    assert hour.facts(HAIKU) == replace(known_facts("anthropic", HAIKU), cache_write_price=2)
    assert hour.facts("claude-opus-9").cache_write_price is None
    own = ModelFacts(input_price=1.0)
    assert AnthropicProvider(HAIKU, options=MessagesOptions(cache="1h"), facts=own).facts(HAIKU) is own


async def test_a_cost_limit_takes_a_listed_model_and_refuses_one_without_a_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    with pytest.raises(ConfigError, match="needs the price of 'openai:gpt-6-nova', which is not known"):
        await Agent("openai:gpt-6-nova").run("?", limits=UsageLimits(cost=1.0))
    closed = OpenAIProvider("gpt-5.5", api_key="x", base_url="http://127.0.0.1:1/v1", api="responses")
    priced = OpenAIProvider(
        "gpt-5.5", "x", "http://127.0.0.1:1/v1", facts=known_facts("openai", "gpt-5.5"), retries=Retries(1)
    )
    with pytest.raises(ConfigError, match=r"needs the price of 'openai:gpt-5\.5'"):
        await Agent(closed).run("?", limits=UsageLimits(cost=1.0))
    result = await Agent(priced).run("?", limits=UsageLimits(cost=1.0), timeout_ms=5_000)
    assert "connection failed" in str(result.error)
