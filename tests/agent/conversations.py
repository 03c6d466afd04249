"""Any conversation that a model may lead, as hypothesis strategies over the words of `voxagent.testing`."""

from hypothesis import strategies as st
from pydantic_core import to_json

from voxagent.testing import Part, ScriptedAnswer, Step, answer, raw_call, refusal, text, thinking, tool_call
from voxagent.types import Usage

words = st.text(
    st.sampled_from('ab \n{}[]"`:é日🙂') | st.characters(exclude_categories=["Cs", "Cc"]), max_size=12
)
counts = st.integers(0, 50)
usages = st.none() | st.builds(
    Usage,
    input_tokens=counts,
    output_tokens=counts,
    cache_read_tokens=counts,
    requests=st.sampled_from([0, 1]),
)

good_calls = st.one_of(
    st.builds(lambda a, b: tool_call("add", a=a, b=b), st.integers(-9, 9), st.integers(-9, 9)),
    st.builds(lambda said: tool_call("echo", said=said), words),
    st.just(raw_call("now", "")),
    st.just(tool_call("now", id="same")),
    st.just(tool_call("picky", number=2)),
)
bad_calls = st.one_of(
    st.just(tool_call("picky", number=1)),
    st.just(tool_call("fails")),
    st.builds(lambda said: tool_call("add", a=said, b=1), words),
    st.just(raw_call("add", '{"a": 1, "b"')),
    st.just(raw_call("add", "[1, 2]")),
    st.just(tool_call("nosuch", x=1)),
)
said: st.SearchStrategy[Part] = st.one_of(
    st.builds(text, words), st.builds(thinking, words, st.none() | st.just("seal"))
)
calls: st.SearchStrategy[Part] = st.one_of(good_calls, good_calls, bad_calls)
turns = st.builds(
    lambda before, called, after, usage, size: answer(*before, *called, *after, usage=usage, chunk_size=size),
    st.lists(said, max_size=3),
    st.lists(calls, min_size=1, max_size=4),
    st.lists(said | calls, max_size=2),
    usages,
    st.none() | st.integers(1, 5),
)

values = st.integers(-9, 9) | words
outputs: st.SearchStrategy[Part] = st.one_of(
    st.builds(text, words.filter(str.strip)),
    st.builds(lambda city, degrees: tool_call("final_result", city=city, degrees=degrees), words, values),
    st.builds(lambda degrees: tool_call("final_result", city="Oslo", degrees=degrees), st.integers(-9, 9)),
    st.builds(
        lambda city, degrees: text(to_json({"city": city, "degrees": degrees}).decode()), words, values
    ),
    st.just(text('```json\n{"city": "Oslo", "degrees": 4}\n```')),
    st.just(refusal("I would rather not.")),
    st.just(text("")),
)
ends: st.SearchStrategy[ScriptedAnswer] = st.builds(
    lambda before, end, usage, size: answer(*before, end, usage=usage, chunk_size=size),
    st.lists(said | good_calls, max_size=2),
    outputs,
    usages,
    st.none() | st.integers(1, 5),
)

scripts: st.SearchStrategy[list[Step]] = st.builds(
    lambda before, last: [*before, *last], st.lists(turns, max_size=4), st.lists(ends, min_size=4, max_size=6)
)
