"""Handles that serve again: to open one and to set it up takes the engine longer than a small statement does.

Nothing of one statement may reach the next, so a handle is kept only after a statement that leaves nothing behind
(`Outline.leaves_nothing`) and that ended well, and serves only statements of its own kind: of the same user and
address, in the same database and with the same settings, which are in place then. A read-only caller, whose rows
depend on its role, always gets a fresh one.
"""

import threading

from msgspec import Struct

from holdfast.warehouse.embedded.engine import Engine, Handle
from holdfast.warehouse.embedded.who_asked import to_comment, to_log_settings


class Kind(Struct, frozen=True, kw_only=True):
    """All that a handle is set up with. `settings` are in the order of their SET, which counts for some."""

    user: str
    client: str
    database: str
    settings: tuple[tuple[str, str], ...]


class Ready(Struct, frozen=True, kw_only=True):
    """A handle set up as its kind says, and the `log_comment` of all its statements. `era`: when it was opened."""

    kind: Kind
    handle: Handle
    comment: str
    era: int


class ReadyHandles:
    """Keeps `most` of those that wait for their next statement. For any thread."""

    def __init__(self, engine: Engine, *, most: int) -> None:
        self._engine = engine
        self._most = most
        self._waiting: list[Ready] = []
        self._lock = threading.Lock()
        self._era = 0

    def take(self, kind: Kind) -> Ready:
        """One that nobody else has: `put` it back, or close its handle. Raises EngineError."""
        with self._lock:
            era = self._era
            found = next((ready for ready in reversed(self._waiting) if ready.kind == kind), None)
            if found is not None:
                self._waiting.remove(found)
        return found or self._open(kind, era)

    def put(self, ready: Ready) -> None:
        """Keep it, and close the one that has waited longest when there are too many."""
        with self._lock:
            if ready.era == self._era:
                self._waiting.append(ready)
                closing, self._waiting = self._waiting[: -self._most], self._waiting[-self._most :]
            else:
                closing = [ready]
        _close(closing)

    def forget(self) -> None:
        """Close those that wait, and later those that are in use: their database may be gone, or another one."""
        with self._lock:
            self._era += 1
            closing, self._waiting = self._waiting, []
        _close(closing)

    def _open(self, kind: Kind, era: int) -> Ready:
        comment = to_comment(user=kind.user, client=kind.client)
        handle = self._engine.open()
        try:
            handle.use(kind.database)
            handle.set({**dict(kind.settings), **to_log_settings(comment)})
        except BaseException:
            handle.close()
            raise
        return Ready(kind=kind, handle=handle, comment=comment, era=era)


def _close(closing: list[Ready]) -> None:
    for ready in closing:
        ready.handle.close()
