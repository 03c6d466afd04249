"""What `voxagent.testing` offers."""

from __future__ import annotations

import voxagent.testing


def test_every_public_name_has_a_docstring() -> None:
    names = [name for name in voxagent.testing.__all__ if name not in ("Part", "Step")]  # unions have none
    assert [name for name in names if not getattr(voxagent.testing, name).__doc__] == []
