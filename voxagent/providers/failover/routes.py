"""The ways to an answer: each model of a chain, by each credential there is for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias, cast
from weakref import WeakKeyDictionary

from ...errors import ProviderError
from ...types.config import ModelConfig
from ..base import ModelFacts, Provider, Secrets, check_provider, facts_of, model_of, secrets_of
from ..registry import ProviderRegistry
from .health import Rest, Ticket
from .policy import FailoverPolicy
from .profiles import AuthProfile
from .reasons import OF_CREDENTIALS, reason_of

Model: TypeAlias = str | Provider

_serials: WeakKeyDictionary[object, int] = WeakKeyDictionary()
_numbers = itertools.count(1)


class HasAccount(Protocol):
    """A provider that knows where it asks, and as whom; having the property is enough."""

    @property
    def account(self) -> Hashable:
        """Equal for providers that reach the same account at the same address; holds no key."""
        ...


@dataclass(slots=True, frozen=True)
class Target:
    """A provider and one of its models."""

    provider: Provider
    model: str

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model."""
        return facts_of(self.provider, self.model)


class Route:
    """A model, asked by one credential; its provider is made when it is first needed.

    Args:
        name: The "provider:model", and the credential if it is one of several.
        place: Which of the chain's models it leads to.
        make: Makes the target.
        owner: Whose providers are alike: the registry, or the provider that was handed in.
        policy: How routes are left.
        profile: The credential, if it is not the provider's own.
    """

    def __init__(
        self,
        name: str,
        place: int,
        make: Callable[[], Target],
        owner: object,
        policy: FailoverPolicy,
        profile: AuthProfile | None = None,
    ) -> None:
        self.name = name
        self.place = place
        self.profile = profile
        self._make = make
        self._owner = owner
        self._policy = policy
        self._target: Target | None = None
        self._key: Hashable = None

    @property
    def target(self) -> Target:
        """Where it leads; raises `ConfigError` if that cannot be made, or lacks its key."""
        if self._target is None:
            target = self._make()
            check_provider(target.provider)
            self._key = _key(target.provider, self._owner, self.profile)
            self._target = target
        return self._target

    def secrets(self) -> Secrets:
        """What is known of what lets it in."""
        if self._target is not None:
            return secrets_of(self._target.provider)
        return [] if self.profile is None else [(f"{self.profile.provider}_api_key", self.profile.api_key)]

    def rest(self) -> Rest:
        """How long it is not asked, and why; infinite if never again."""
        profile = self.profile
        cools = 0.0 if profile is None else self._policy.manager.rest(profile)
        model = self.target.model
        rest = self._policy.health.rest(self._key, model)
        if profile is None or cools <= rest.seconds:
            return rest
        return Rest(cools, "authentication" if profile.disabled else "rate_limit")

    def is_ready(self) -> bool:
        """Whether it might be asked now, as far as that is known without making its provider."""
        if self._target is None and self.profile is not None:
            return self._policy.manager.rest(self.profile) <= 0
        return self._target is None or self.rest().seconds <= 0

    def admitted(self) -> Ticket | None:
        """The leave to ask it now."""
        if self.rest().seconds > 0:
            return None
        return self._policy.health.admitted(self._key, self.target.model)

    def begun(self, ticket: Ticket) -> None:
        """Its first content is there, or it was left for no fault of its own."""
        self._policy.health.left(ticket)

    def passed(self, ticket: Ticket) -> None:
        """It has answered."""
        self._policy.health.passed(ticket)
        if self.profile is not None:
            self._policy.manager.record_success(self.profile)

    def failed(self, ticket: Ticket, error: ProviderError) -> None:
        """It has failed; what is the fault of a credential is not the service's."""
        if self.profile is None:
            self._policy.health.failed(ticket, error)
            return
        self._policy.manager.handle_failover(self.profile, error)
        if reason_of(error) in OF_CREDENTIALS:
            self._policy.health.passed(ticket)
        else:
            self._policy.health.failed(ticket, error)


def routes_of(models: Sequence[Model], registry: ProviderRegistry, policy: FailoverPolicy) -> list[Route]:
    """The routes to these models, in the order in which they are tried.

    Raises:
        ProviderNotFoundError: Nobody knows the provider of a model string.
    """
    routes: list[Route] = []
    for place, model in enumerate(models):
        if not isinstance(model, str):
            name = ":".join(part for part in (model.name, model_of(model)) if part)
            make = partial(Target, model, model_of(model))
            routes.append(Route(name, place, make, model, policy))
            continue
        registry.check(model)
        wanted = ModelConfig.from_string(model)
        profiles: Sequence[AuthProfile | None] = policy.manager.get_profiles(wanted.provider) or [None]
        for profile in profiles:
            name = wanted.to_string() + (f" ({profile.id})" if profile and len(profiles) > 1 else "")
            make = partial(_looked_up, model, registry, profile)
            routes.append(Route(name, place, make, registry, policy, profile))
    return routes


def _looked_up(model: str, registry: ProviderRegistry, profile: AuthProfile | None) -> Target:
    options = {} if profile is None else {"api_key": profile.api_key}
    return Target(registry.get_provider(model, **options), ModelConfig.from_string(model).model)


def _key(provider: Provider, owner: object, profile: AuthProfile | None) -> Hashable:
    """What the state of a service is kept by."""
    whom = profile.id if profile else None
    if getattr(provider, "account", None) is not None:
        return provider.name, cast("HasAccount", provider).account, whom
    address = getattr(provider, "base_url", None)
    return provider.name, address or _serial(owner), whom


def _serial(owner: object) -> int:
    """A number for an object, the same as long as it lives; a fresh one each time if it cannot be told."""
    try:
        return _serials.setdefault(owner, next(_numbers))
    except TypeError:
        return next(_numbers)
