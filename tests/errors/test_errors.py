"""The tree of errors: what is caught by what, what they say, and that they travel."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxagent import errors
from voxagent.errors import (
    ConfigError,
    FailoverError,
    LockTimeoutError,
    MaxDepthExceededError,
    ProviderError,
    QuotaError,
    RateLimitError,
    RunError,
    SessionError,
    ToolError,
    VoxAgentError,
)

OTHERS = (MaxDepthExceededError, FailoverError)
"""What is made with other arguments than a text."""

ALL = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, VoxAgentError) and kind not in OTHERS
    ),
    key=lambda kind: kind.__name__,
)
OF_PROVIDERS = [kind for kind in ALL if issubclass(kind, ProviderError)]
texts = st.text(max_size=10)


def facts(error: VoxAgentError) -> tuple[object, ...]:
    return type(error), error.args, vars(error), str(error), error.message, error.kind, error.retryable


@pytest.mark.parametrize("kind", ALL)
def test_every_error_is_itself_after_pickling_and_copying(kind: type[VoxAgentError]) -> None:
    error = kind("what was wrong")
    error.add_note("a note")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert facts(other) == facts(error)
    assert error.message == "what was wrong"


@given(
    st.sampled_from(OF_PROVIDERS),
    texts,
    st.fixed_dictionaries(
        {},
        optional={
            "provider": texts,
            "model": texts,
            "status": st.none() | st.integers(100, 599),
            "request_id": st.none() | texts,
            "retry_after": st.none() | st.floats(0, 1e6),
            "received": texts,
            "retryable": st.none() | st.booleans(),
        },
    ),
)
def test_every_field_of_a_provider_error_survives_pickling(
    kind: type[ProviderError], message: str, fields: dict[str, object]
) -> None:
    error = kind(message, **fields)  # type: ignore[arg-type]
    assert facts(pickle.loads(pickle.dumps(error))) == facts(error)


def test_too_deep_an_error_counts_and_survives_pickling() -> None:
    error = MaxDepthExceededError(6, max_depth=5)
    other = pickle.loads(pickle.dumps(error))
    assert facts(other) == facts(error)
    assert (other.depth, other.max_depth) == (6, 5)
    assert str(other) == other.message == "sub-agents nested 6 deep, at most 5 are allowed"


@pytest.mark.parametrize("kind", [*ALL, *OTHERS])
def test_whoever_catches_the_root_catches_every_error(kind: type[VoxAgentError]) -> None:
    assert issubclass(kind, VoxAgentError)
    assert kind.__doc__


def test_the_tree_in_the_docstring_names_every_error_under_its_parent() -> None:
    parents: list[str] = []
    drawn: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        branch, mark, rest = line.partition("── ")
        if not mark:
            parents = ["VoxAgentError"] if line.strip() == "VoxAgentError" else parents
            continue
        depth = (len(branch) - 5) // 4 + 1
        name = rest.split()[0]
        parents[depth:] = [name]
        drawn[name] = parents[depth - 1]
    found = {kind.__name__: kind.__bases__[0].__name__ for kind in (*ALL, *OTHERS)}
    del found["VoxAgentError"]
    assert drawn == found


def test_config_errors_are_value_errors_and_a_lock_timeout_is_a_timeout() -> None:
    assert issubclass(ConfigError, ValueError)
    assert issubclass(LockTimeoutError, SessionError)
    assert issubclass(LockTimeoutError, TimeoutError)


def test_whether_another_try_may_help_is_told_by_kind_and_may_be_overridden() -> None:
    assert (RateLimitError().retryable, QuotaError().retryable) == (True, False)
    assert (QuotaError(retryable=True).retryable, QuotaError.retryable) == (True, False)
    assert RateLimitError(retryable=False).retryable is False
    assert {kind for kind in ALL if kind.retryable and issubclass(kind, RunError)} == set()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ProviderError(), "the provider failed"),
        (ProviderError("down"), "down"),
        (ProviderError("down", provider="openai"), "openai: down"),
        (ProviderError("down", model="gpt-5"), "gpt-5: down"),
        (ProviderError("down", provider="openai", model="gpt-5"), "openai:gpt-5: down"),
        (ProviderError("down", status=503), "down (status 503)"),
        (ProviderError("down", request_id="req_1"), "down (req_1)"),
        (ProviderError("down", status=503, request_id="req_1"), "down (status 503, req_1)"),
    ],
)
def test_a_provider_error_tells_who_and_which_request(error: ProviderError, told: str) -> None:
    assert str(error) == told


def test_an_error_without_words_has_an_empty_message() -> None:
    assert (ToolError().message, ToolError("x").message) == ("", "x")
