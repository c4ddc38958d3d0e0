"""What the contracts of a chain answer at an instant: tokens, and Multicall3 where it is deployed."""

from datetime import datetime

from services.simulator.upstreams.evm import abi
from services.simulator.world.chains import Chain
from services.simulator.world.tokens import Token
from services.simulator.world.world import World, raw_amount

MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"

_BALANCE_OF = bytes.fromhex("70a08231")
_DECIMALS = bytes.fromhex("313ce567")
_SYMBOL = bytes.fromhex("95d89b41")
_NAME = bytes.fromhex("06fdde03")
_AGGREGATE3 = bytes.fromhex("82ad56cb")
_SELECTOR = 4


class RevertedError(Exception):
    """The contract refused; `data` is what it returned with that."""

    def __init__(self, data: bytes, reason: str = "") -> None:
        super().__init__(reason)
        self.data = data
        self.reason = reason


def code_at(world: World, chain: Chain, address: str) -> bytes:
    """Some bytecode where a contract is, nothing where none is (any more)."""
    token = world.tokens.get((chain.id, address))
    deployed = token is not None and token.balance_of != "empty"
    if deployed or (chain.multicall and address == MULTICALL3):
        return bytes.fromhex("6080604052600080fdfe") + bytes.fromhex(address[2:])
    return b""


def call(world: World, chain: Chain, to: str, data: bytes, instant: datetime) -> bytes:
    """What `eth_call` returns. An address without code answers with nothing. Raises RevertedError."""
    if to == MULTICALL3 and chain.multicall:
        return _multicall(world, chain, data, instant)
    token = world.tokens.get((chain.id, to))
    if token is None or not token.address or token.balance_of == "empty":
        return b""
    return _token_call(world, token, data, instant)


def _token_call(world: World, token: Token, data: bytes, instant: datetime) -> bytes:
    selector = data[:_SELECTOR]
    if selector == _BALANCE_OF and len(data) == _SELECTOR + abi.WORD:
        return _balance_of(world, token, "0x" + data[-20:].hex(), instant)
    if selector == _DECIMALS:
        return abi.word(token.decimals)
    if selector in (_SYMBOL, _NAME):
        text = token.symbol if selector == _SYMBOL else token.name
        return abi.encode_bytes32(text) if token.label == "bytes32" else abi.encode_string(text)
    raise RevertedError(b"")


def _balance_of(world: World, token: Token, owner: str, instant: datetime) -> bytes:
    if token.balance_of == "reverts":
        raise RevertedError(abi.encode_revert("token is frozen"), "token is frozen")
    return abi.word(raw_amount(world, f"{token.chain.id}:{owner}", token, instant))


def _multicall(world: World, chain: Chain, data: bytes, instant: datetime) -> bytes:
    if data[:_SELECTOR] != _AGGREGATE3:
        raise RevertedError(b"")
    try:
        calls = abi.decode_aggregate3(data[_SELECTOR:])
    except abi.AbiError:
        raise RevertedError(b"") from None
    return abi.encode_aggregate3([_inner(world, chain, inner, instant) for inner in calls])


def _inner(world: World, chain: Chain, inner: abi.InnerCall, instant: datetime) -> abi.Returned:
    try:
        return abi.Returned(success=True, data=call(world, chain, inner.to, inner.data, instant))
    except RevertedError as error:
        if not inner.allow_failure:
            reason = "Multicall3: call failed"
            raise RevertedError(abi.encode_revert(reason), reason) from error
        return abi.Returned(success=False, data=error.data)
