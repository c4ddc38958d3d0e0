"""Handles for statements: a fresh one each, or one kept between statements under a `session_id`."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.warehouse.embedded.authentication import Account
from holdfast.warehouse.embedded.engine import Engine, Handle
from holdfast.warehouse.embedded.engine_config import ANALYST_ROLE
from holdfast.warehouse.embedded.errors import (
    INVALID_SESSION_TIMEOUT,
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    EngineError,
)
from holdfast.warehouse.embedded.quoting import quoted_identifier
from holdfast.warehouse.embedded.request import Request
from holdfast.warehouse.tenancy import role_of

_LONGEST_S = 3600.0
_MOST_SESSIONS = 1000


class _Session:
    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.lock = threading.Lock()
        self.until = 0.0


class Sessions:
    """Lends handles to worker threads. A session belongs to the user who began it."""

    def __init__(self, engine: Engine, *, database: str) -> None:
        self._engine = engine
        self._database = database
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._guard = threading.Lock()

    @contextmanager
    def lend(self, account: Account, request: Request) -> Iterator[tuple[Handle, bool]]:
        """A handle and whether it outlives the statement. Given back before the client sees the end of the answer.

        Clients use a session again at once, so a later release would refuse them with SESSION_IS_LOCKED.
        """
        name = request.params.get("session_id", "")
        # A read-only caller has nothing to keep between statements, and readonly = 1 cannot be taken back.
        if not name or account.read_only:
            handle = self._open(account)
            try:
                yield handle, False
            finally:
                handle.close()
            return
        session = self._take(account, name, request)
        try:
            yield session.handle, True
        finally:
            session.lock.release()
            if request.flag("close_session"):
                self._forget((account.name, name))

    def close(self) -> None:
        with self._guard:
            for session in self._sessions.values():
                session.handle.close()
            self._sessions.clear()

    def _open(self, account: Account) -> Handle:
        handle = self._engine.open()
        # The engine's `default` takes an unknown table for the name of a file.
        handle.use(self._database)
        if account.read_only:
            role = ANALYST_ROLE if account.tenant is None else role_of(account.tenant)
            handle.query(f"SET ROLE {quoted_identifier(role)}")
        return handle

    def _take(self, account: Account, name: str, request: Request) -> _Session:
        keep_s = _timeout_s(request.params.get("session_timeout", "60"))
        with self._guard:
            self._expire()
            session = self._sessions.get((account.name, name))
            if session is None:
                if request.flag("session_check"):
                    raise EngineError(SESSION_NOT_FOUND, f"Session {name} not found.")
                if len(self._sessions) >= _MOST_SESSIONS:
                    raise EngineError(SESSION_NOT_FOUND, f"more than {_MOST_SESSIONS} sessions are open; close some")
                session = self._sessions[account.name, name] = _Session(self._open(account))
            if not session.lock.acquire(blocking=False):
                raise EngineError(SESSION_IS_LOCKED, f"Session {name} is locked by a concurrent client.")
            session.until = time.monotonic() + keep_s
        return session

    def _expire(self) -> None:
        now = time.monotonic()
        for key, session in list(self._sessions.items()):
            if session.until < now and not session.lock.locked():
                self._sessions.pop(key).handle.close()

    def _forget(self, key: tuple[str, str]) -> None:
        with self._guard:
            session = self._sessions.pop(key, None)
        if session is not None:
            session.handle.close()


def _timeout_s(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _LONGEST_S:
        raise EngineError(INVALID_SESSION_TIMEOUT, f"session_timeout is 0 to {_LONGEST_S:.0f} seconds, not {text}")
    return seconds
