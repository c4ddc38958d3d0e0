"""How an answer goes out over ASGI: whole, or damaged as the knobs demand."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from services.simulator.exchange import Answer
from services.simulator.knobs import Damage
from services.simulator.sockets import HANG_UP

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_BOMB_MIB = 64


async def deliver(answer: Answer, send: Send) -> None:
    await send(_start(answer, len(answer.body)))
    await send({"type": "http.response.body", "body": answer.body})


async def deliver_damaged(
    answer: Answer, damage: Damage, scope: Scope, receive: Receive, send: Send, *, drip_ms: int
) -> None:
    match damage:
        case "malformed":
            await deliver(Answer(body=answer.body[: len(answer.body) // 2] + b"\x00<html>"), send)
        case "bombed":
            await deliver(_bomb(), send)
        case "dripped":
            await _drip(answer, receive, send, drip_ms)
        case "truncated":
            await send(_start(answer, len(answer.body)))
            await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
            await _hang_up(scope, receive)
        case "dropped":
            await _hang_up(scope, receive)


def _start(answer: Answer, length: int) -> MutableMapping[str, Any]:
    headers = [(name.encode(), text.encode()) for name, text in answer.headers]
    return {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [*headers, (b"content-length", str(length).encode())],
    }


async def _drip(answer: Answer, receive: Receive, send: Send, drip_ms: int) -> None:
    """Until the body is through or the client has had enough."""
    await send(_start(answer, len(answer.body)))
    gone = asyncio.ensure_future(receive())
    for place in range(len(answer.body)):
        done, _ = await asyncio.wait([gone], timeout=drip_ms / 1000)
        if done:
            return
        more = place + 1 < len(answer.body)
        await send({"type": "http.response.body", "body": answer.body[place : place + 1], "more_body": more})
    gone.cancel()


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close, and wait until the server has noticed: it would answer 500 to a request left without an answer."""
    scope["extensions"][HANG_UP]()
    while (await receive())["type"] != "http.disconnect":
        pass


@lru_cache(maxsize=1)
def _bomb() -> Answer:
    body = gzip.compress(bytes(1024 * 1024) * _BOMB_MIB, compresslevel=9, mtime=0)
    return Answer(body=body, headers=(("content-type", "application/json"), ("content-encoding", "gzip")))
