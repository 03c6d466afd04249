"""What is known of models: one file of facts with their sources, read when a model is first asked about.

A name is looked up as it is, then without what dates it ("-2026-04-23", "-latest", "-preview"), then by the
family that it belongs to. A family tells what its models can do, and no prices: nobody knows what a model
costs that nobody has listed. Whoever knows better registers it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from ...types.config import ModelConfig
from ..base import LongPrompt, ModelFacts

Entry: TypeAlias = Mapping[str, Any]

FILE = Path(__file__).with_name("models.json")
FEATURES = (
    "tools",
    "native_output",
    "native_beside_tools",
    "thinking",
    "thinks_unasked",
    "images",
    "documents",
    "prefill",
)
"""The features that `can` lists: what is not in the list of a model, it cannot do."""
DATED = re.compile(r"([-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest|preview(-\d{2}-\d{2,4})?))+$")
CLOUD = re.compile(r"[-:]cloud$")

_registered: dict[str, ModelFacts] = {}


def register_model_facts(model_string: str, facts: ModelFacts) -> None:
    """Tell the facts of a model to the whole process; they count for more than those that are listed.

    Args:
        model_string: The "provider:model" that agents name.
        facts: What is known of it.

    Raises:
        InvalidModelStringError: it is not of that form.
    """
    _registered[ModelConfig.from_string(model_string).to_string()] = facts


def registered_facts(provider: str, model: str) -> ModelFacts | None:
    """What was registered of a model; None if nothing was."""
    return _registered.get(f"{provider.lower()}:{model}")


def known_facts(provider: str, model: str) -> ModelFacts:
    """What is known of a model: as registered, else as listed for today; safe defaults for an unknown one.

    Args:
        provider: Whose model it is: "anthropic", "deepseek", "google", "groq", "mistral", "ollama", "openai"
            or "openrouter".
        model: Its name, as the provider takes it.
    """
    registered = registered_facts(provider, model)
    if registered is not None or not (provider and model):
        return registered or ModelFacts()
    return _listed(provider.lower(), model.lower(), datetime.now(UTC).date().isoformat())


@cache
def _file() -> Mapping[str, Any]:
    from pydantic_core import from_json

    told: dict[str, Any] = from_json(FILE.read_bytes())
    return told


@cache
def _names(provider: str) -> tuple[Mapping[str, Entry], Sequence[Entry]]:
    """The entries of a provider by name, and its families with the longest names first."""
    entries: Sequence[Entry] = _file()["models"].get(provider, ())
    single = [entry for entry in entries if not entry.get("family")]
    families = [entry for entry in entries if entry.get("family")]
    by_name = {name: entry for entry in single for name in (entry["name"], *entry.get("also", ()))}
    return by_name, sorted(families, key=lambda entry: -len(entry["name"]))


@lru_cache(maxsize=1_024)
def _listed(provider: str, model: str, day: str) -> ModelFacts:
    resold = _file()["resold"].get(provider)
    if resold is not None:
        return _resold(resold, model, day)
    if model.startswith("ft:"):
        return _without_prices(_listed(provider, model.split(":")[1], day))
    name = model.removeprefix("models/")
    if provider == "ollama":
        facts = _facts(_entry(provider, name.partition(":")[0]), day)
        return _without_prices(facts) if CLOUD.search(name) else facts
    return _facts(_entry(provider, name), day)


def _entry(provider: str, name: str) -> Entry | None:
    by_name, families = _names(provider)
    found = by_name.get(name) or by_name.get(DATED.sub("", name))
    if found is not None:
        return found
    return next((family for family in families if name.startswith(family["name"])), None)


def _resold(resold: Entry, model: str, day: str) -> ModelFacts:
    """The facts of another provider's model: what a request may combine is up to whoever resells it."""
    vendor, _, rest = model.partition("/")
    name, _, variant = rest.partition(":")
    provider = resold["of"].get(vendor, "")
    facts = _listed(provider, name.replace(".", "-") if provider == "anthropic" else name, day)
    facts = replace(facts, native_output=False, native_beside_tools=False)
    if variant == "free":
        return replace(_without_prices(facts), input_price=0.0, output_price=0.0)
    return facts if vendor in resold["same_price"] and not variant else _without_prices(facts)


def _without_prices(facts: ModelFacts) -> ModelFacts:
    return replace(
        facts,
        input_price=None,
        output_price=None,
        cached_input_price=None,
        cache_write_price=None,
        price_date="",
        long_prompt=None,
    )


def _facts(entry: Entry | None, day: str) -> ModelFacts:
    if entry is None:
        return ModelFacts()
    told: dict[str, Any] = {name: name in entry["can"] for name in FEATURES}
    facts = ModelFacts(entry.get("context_window"), entry.get("output_limit"), **told)
    prices = [price for price in entry.get("prices", ()) if price["since"] <= day]
    if not prices:
        return facts
    price, long = max(prices, key=lambda each: str(each["since"])), entry.get("long_prompt")
    return replace(
        facts,
        input_price=price["input"],
        output_price=price["output"],
        cached_input_price=price.get("cached_input"),
        cache_write_price=price.get("cache_write"),
        price_date=price["since"],
        long_prompt=LongPrompt(**long) if long else None,
    )
