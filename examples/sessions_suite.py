"""Check a store of your own; with pytest, parametrise a test with `session_store_suite()` and `ids=str`."""

import asyncio
import json
import threading
from collections.abc import Sequence

from voxagent import Message
from voxagent.session import Session, SessionConflict, SessionStorage
from voxagent.testing import session_store_suite


class TextStorage(SessionStorage):
    """Sessions as texts in a dict, which could as well be anywhere else.

    A store is used by many threads: to look at the version and to append must be one step.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.appending = threading.Lock()

    async def load(self, key: str) -> Session | None:
        Session.create(key)  # raises if that is no key
        return Session.from_dict(json.loads(self.texts[key])) if key in self.texts else None

    async def save(self, session: Session) -> None:
        self.texts[Session.create(session.key).key] = json.dumps(session.to_dict())

    async def delete(self, key: str) -> bool:
        return self.texts.pop(Session.create(key).key, None) is not None

    async def list_keys(self) -> list[str]:
        return sorted(self.texts)

    async def append(self, key: str, messages: Sequence[Message], *, expected_version: int) -> int:
        with self.appending:  # held over no await that waits
            session = await self.load(key) or Session.create(key)
            if session.version != expected_version:
                raise SessionConflict(f"session {key!r} has {session.version} messages")
            for message in messages:
                session.add_message(message)  # raises if that is no message
            await self.save(session)
            return session.version


store = TextStorage()
for check in session_store_suite():
    asyncio.run(check(lambda: store))
    print(check)
