"""Connections that an application may close: what HTTP frameworks never offer, and faults need."""

from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HANG_UP = "holdfast.hang_up"
"""The scope extension: a function that closes the connection once what was written is sent."""


class HangUpProtocol(H11Protocol):
    """uvicorn's own protocol, whose applications find `HANG_UP` in their scope."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[HANG_UP] = self._hang_up
            await inner(scope, receive, send)

        self.app = app

    def _hang_up(self) -> None:
        self.transport.close()
