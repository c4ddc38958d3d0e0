"""The JSON-RPC methods of a node, and its errors as geth words them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from services.simulator.upstreams.evm import blocks, contracts, logs
from services.simulator.world.chains import Chain
from services.simulator.world.world import Block, World, block_at, raw_amount


class RpcError(Exception):
    """An `error` object."""

    def __init__(self, code: int, message: str, data: str | UnsetType = UNSET) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class Node(Struct, frozen=True, kw_only=True):
    """One chain of the world at one instant."""

    world: World
    chain: Chain
    now: datetime


def run(node: Node, method: str, params: list[Any]) -> Any:
    """The `result`. Raises RpcError."""
    handler = _METHODS.get(method)
    if handler is None:
        raise RpcError(-32601, f"the method {method} does not exist/is not available")
    try:
        return handler(node, params)
    except blocks.UnknownBlockError:
        raise RpcError(-32000, "header not found") from None
    except blocks.MissingStateError:
        raise RpcError(-32000, "missing trie node: historical state is not available") from None
    except blocks.BadBlockError as error:
        raise RpcError(-32602, str(error)) from None


def _chain_id(node: Node, _: list[Any]) -> str:
    return hex(int(node.chain.index))


def _net_version(node: Node, _: list[Any]) -> str:
    return node.chain.index


def _block_number(node: Node, _: list[Any]) -> str:
    return hex(block_at(node.chain, node.now).number)


def _block_by_number(node: Node, params: list[Any]) -> dict[str, Any] | None:
    return _rendered(node, lambda: blocks.find(node.world, node.chain, _at(params, 0), node.now))


def _block_by_hash(node: Node, params: list[Any]) -> dict[str, Any] | None:
    return _rendered(node, lambda: blocks.find_by_hash(node.world, node.chain, str(_at(params, 0)), node.now))


def _rendered(node: Node, find: Callable[[], Block]) -> dict[str, Any] | None:
    """A block that is not there is null, not an error."""
    try:
        return blocks.render(node.world, node.chain, find())
    except (blocks.UnknownBlockError, blocks.MissingStateError):
        return None


def _get_balance(node: Node, params: list[Any]) -> str:
    address, block = _address(_at(params, 0)), _block(node, params)
    coin = node.world.tokens[node.chain.id, ""]
    return hex(raw_amount(node.world, f"{node.chain.id}:{address}", coin, block.time))


def _get_transaction_count(node: Node, params: list[Any]) -> str:
    """The world's people send through contracts: none of its transactions names them, and their own count stands."""
    _address(_at(params, 0)), _block(node, params)
    return "0x0"


def _get_code(node: Node, params: list[Any]) -> str:
    address, _ = _address(_at(params, 0)), _block(node, params)
    return "0x" + contracts.code_at(node.world, node.chain, address).hex()


def _call(node: Node, params: list[Any]) -> str:
    transaction, block = _at(params, 0), _block(node, params)
    if not isinstance(transaction, dict):
        raise RpcError(-32602, "invalid argument 0: json: cannot unmarshal non-object into Go value")
    to, data = _address(transaction.get("to")), transaction.get("input", transaction.get("data", "0x"))
    try:
        return "0x" + contracts.call(node.world, node.chain, to, _bytes(data), block.time).hex()
    except contracts.RevertedError as error:
        reason = f": {error.reason}" if error.reason else ""
        raise RpcError(3 if error.data else -32000, f"execution reverted{reason}", _revert_data(error)) from error


def _get_logs(node: Node, params: list[Any]) -> list[dict[str, Any]]:
    asked = _at(params, 0)
    if not isinstance(asked, dict):
        raise RpcError(-32602, "invalid argument 0: json: cannot unmarshal non-object into Go value")
    first, last = (
        blocks.find(node.world, node.chain, asked.get(end, "latest"), node.now).number
        for end in ("fromBlock", "toBlock")
    )
    if last - first >= logs.MOST_BLOCKS:
        raise RpcError(-32602, f"block range is too wide: {logs.MOST_BLOCKS} blocks at most")
    address = asked.get("address")
    tokens = None if address is None else frozenset(_address(one) for one in _listed(address))
    wanted = logs.Wanted(first=first, last=last, tokens=tokens, topics=_listed(asked.get("topics", [])))
    return logs.find_logs(node.world, node.chain, wanted)


def _listed(asked: Any) -> list[Any]:
    return asked if isinstance(asked, list) else [asked]


def _revert_data(error: contracts.RevertedError) -> str | UnsetType:
    return "0x" + error.data.hex() if error.data else UNSET


def _block(node: Node, params: list[Any]) -> Block:
    """The second parameter; the newest where there is none."""
    return blocks.find(node.world, node.chain, params[1] if len(params) > 1 else "latest", node.now)


def _at(params: list[Any], place: int) -> Any:
    if place >= len(params):
        raise RpcError(-32602, f"missing value for required argument {place}")
    return params[place]


def _address(text: Any) -> str:
    if not isinstance(text, str) or len(text) != 42 or text[:2] != "0x":
        raise RpcError(-32602, "invalid argument 0: hex string has length other than 40, want 40 for common.Address")
    _bytes(text)
    return text.lower()


def _bytes(text: Any) -> bytes:
    try:
        if text[:2] != "0x":
            raise ValueError(text)
        return bytes.fromhex(text[2:])
    except (ValueError, TypeError):
        raise RpcError(-32602, "invalid argument 0: cannot unmarshal invalid hex string") from None


_METHODS: dict[str, Callable[[Node, list[Any]], Any]] = {
    "eth_chainId": _chain_id,
    "net_version": _net_version,
    "eth_blockNumber": _block_number,
    "eth_getBlockByNumber": _block_by_number,
    "eth_getBlockByHash": _block_by_hash,
    "eth_getBalance": _get_balance,
    "eth_getTransactionCount": _get_transaction_count,
    "eth_getCode": _get_code,
    "eth_call": _call,
    "eth_getLogs": _get_logs,
}
