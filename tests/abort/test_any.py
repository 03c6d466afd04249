"""A combined signal is not kept alive by those that it is made of."""

import weakref

from voxagent.abort import AbortSignal


def test_a_combined_signal_that_is_dropped_while_its_source_aborts_keeps_nobody_from_being_told() -> None:
    source = AbortSignal()
    kept: list[AbortSignal] = []
    told: list[str] = []
    source.on_abort(lambda reason: kept.clear())
    kept.append(AbortSignal.any(source))
    gone = weakref.ref(kept[0])
    source.on_abort(told.append)
    source.abort("stop")
    assert (gone(), told) == (None, ["stop"])
