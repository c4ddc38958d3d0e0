"""JSON-RPC 2.0 over HTTP: single requests and batches."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from services.simulator.exchange import Answer, Refusal, Request, to_json
from services.simulator.upstreams.evm.methods import Node, RpcError, run
from services.simulator.world.world import World

_REFUSALS: dict[Refusal, tuple[int, int, str]] = {
    "too_many_requests": (429, -32005, "request rate exceeded"),
    "unavailable": (503, -32603, "service temporarily unavailable"),
    "key_revoked": (401, -32001, "invalid api key"),
    "syncing": (200, -32000, "header not found"),
    "payment_required": (402, -32001, "plan exhausted"),
}


class _Error(Struct, frozen=True):
    code: int
    message: str
    data: str | UnsetType = UNSET


class _Reply(Struct, frozen=True, omit_defaults=False):
    id: Any = None
    jsonrpc: str = "2.0"
    result: Any = UNSET
    error: _Error | UnsetType = UNSET


class EvmNodes:
    """`/rpc/<chain id>` for each EVM chain."""

    name = "evm"
    prefixes: tuple[str, ...] = ("/rpc/",)

    def __init__(self, world: World, *, batch_limit: int = 1000) -> None:
        self._world = world
        self._batch_limit = batch_limit
        self._chains = {f"/rpc/{chain.index}": chain for chain in world.chains if chain.is_evm}

    def answer(self, request: Request, now: datetime) -> Answer:
        chain = self._chains.get(request.path)
        if chain is None:
            return to_json({"error": f"no such chain; there are {', '.join(self._chains)}"}, status=404)
        if request.method != "POST":
            return to_json({"error": "method not allowed"}, status=405)
        try:
            asked = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, RecursionError):
            return to_json(_failure(None, -32700, "parse error"))
        node = Node(world=self._world, chain=chain, now=now)
        return to_json(self._batch(node, asked) if isinstance(asked, list) else _reply(node, asked))

    def _batch(self, node: Node, asked: list[Any]) -> Any:
        if not asked:
            return _failure(None, -32600, "empty batch")
        if len(asked) > self._batch_limit:
            return [_failure(None, -32600, "batch too large")]
        return [_reply(node, one) for one in asked]

    def refuse(self, refusal: Refusal, request: Request) -> Answer:
        status, code, why = _REFUSALS[refusal]
        headers = (("retry-after", "1"),) if status == 429 else ()
        return to_json(_refused(request, code, why), status=status, headers=headers)

    def caller(self, request: Request) -> str:
        return ""


def _reply(node: Node, asked: Any) -> _Reply:
    if not isinstance(asked, dict) or not isinstance(method := asked.get("method"), str):
        return _failure(None, -32600, "invalid request")
    params = asked.get("params", [])
    if not isinstance(params, list):
        return _failure(asked.get("id"), -32602, "non-array args")
    try:
        return _Reply(id=asked.get("id"), result=run(node, method, params))
    except RpcError as error:
        return _failure(asked.get("id"), error.code, error.message, error.data)


def _failure(id: Any, code: int, message: str, data: str | UnsetType = UNSET) -> _Reply:  # noqa: A002
    return _Reply(id=id, error=_Error(code, message, data))


def _refused(request: Request, code: int, why: str) -> Any:
    """A refusal under the ids that were asked, so that even a 200 says to whom it belongs."""
    try:
        asked = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, RecursionError):
        asked = None
    if isinstance(asked, list):
        return [_failure(one.get("id") if isinstance(one, dict) else None, code, why) for one in asked]
    return _failure(asked.get("id") if isinstance(asked, dict) else None, code, why)
