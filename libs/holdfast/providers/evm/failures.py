"""JSON-RPC error objects in the words of the provider-error tree.

Nodes agree on few codes and no texts, so both are read: the code where EIP-1474 fixes its meaning,
else the words that geth, Erigon, Nethermind, Besu, Reth and the hosted nodes are known to use.

Source: EIP-1474; JSON-RPC 2.0, section 5.1.
"""

import re
from typing import Any

from msgspec import Struct

from holdfast.providers.kit.errors import (
    CredentialsRejectedError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    UnexpectedResponseError,
)


class RpcFailure(Struct, frozen=True, kw_only=True):
    """The `error` of one answer."""

    code: int
    message: str
    data: Any = None
    sha256: str = ""
    """Of the body it came in."""


class StateGoneError(ProviderUnavailableError):
    """The node has thrown the block's state away. Near the newest block another node behind the address may have it."""


_REVERTED = re.compile(
    r"(?i)revert|invalid opcode|opcode 0x\w+ not defined|invalid jump|stack (?:underflow|overflow|limit)"
    r"|out of ?gas|out of bounds|vm execution error|evm error|contract call failed|static ?call|write protection"
)
_RATE = re.compile(
    r"(?i)rate.?limit|too many requests|requests? (?:limit|per)|limit exceeded|capacity|throughput|compute units|quota"
)
_KEY = re.compile(r"(?i)api.?key|unauthori[sz]ed|forbidden|authenticat|project id|access denied")
_PRUNED = re.compile(
    r"(?i)missing trie node|prun(?:ed|ing)|archive|state (?:\S+ )*(?:not|un)\s?available|historical state"
    r"|no state available|distance to target block"
)
_GONE = re.compile(r"(?i)header not found|unknown block|block not found|not (?:currently )?canonical|cannot find block")
_AHEAD = re.compile(
    r"(?i)beyond (?:the )?(?:current |latest )?(?:head|block)|after last accepted block"
    r"|greater than (?:the )?(?:latest|current|head)\b|blocks? specified in filter\b.*cannot be found"
)
"""Of a node behind the one that told the newest block: many answer at one address."""


_RANGE = re.compile(
    r"(?i)more than [\d,]+ results|(?:block|log|query) ?range|range (?:is )?too|ranges? (?:limit|over|exceed)"
    r"|exceed(?:s|ed)? (?:the )?(?:max(?:imum)?|limit|allowed)\b.*(?:block|range|result|log)"
    r"|too many (?:results|logs|blocks)|response size|limited to (?:a )?[\d,]+ (?:block|range)|query timeout"
)


def is_range_refused(failure: RpcFailure) -> bool:
    """Whether the node would answer for fewer blocks at once: no two nodes draw the line alike."""
    return failure.code != 429 and _RANGE.search(failure.message) is not None and not _AHEAD.search(failure.message)


def is_state_gone(failure: RpcFailure) -> bool:
    """Whether the block is too old for the node, or for what its owner paid for; the key is good for newer ones."""
    return _PRUNED.search(failure.message) is not None


def is_reverted(failure: RpcFailure) -> bool:
    """Whether the contract failed rather than the node: the answer is about the token, and it is final."""
    if failure.code == 3:  # geth's own code for a revert with data
        return True
    return failure.code in (-32000, -32015, -32603) and _REVERTED.search(failure.message) is not None


def is_batch_refused(failure: RpcFailure) -> bool:
    """Whether the node wants its requests one by one, or fewer at once."""
    return failure.code in (-32700, -32600, -32601, -32602) or "batch" in failure.message.lower()


def is_block_form_refused(failure: RpcFailure) -> bool:
    """Whether the node does not take EIP-1898 block references."""
    return failure.code in (-32602, -32700) or "cannot unmarshal object" in failure.message


def to_error(failure: RpcFailure, what: str) -> ProviderError:
    """`what` names the request. The node's own text is quoted, shortened; it carries no secret of ours."""
    said = f"{what}: {failure.message[:200]} (JSON-RPC error {failure.code})"
    if failure.code in (-32005, -32029, 429) or _RATE.search(failure.message):
        return RateLimitedError(said, retry_after_s=_retry_after(failure.data))
    if is_state_gone(failure):
        return StateGoneError(
            f"{said}: the node does not hold the state of that block; "
            "lower confirmation_blocks, or use an archive node in rpc_url"
        )
    if failure.code in (401, 403) or _KEY.search(failure.message):
        return CredentialsRejectedError(said)
    if _GONE.search(failure.message) or _AHEAD.search(failure.message):
        return ProviderUnavailableError(f"{said}: the block was reorganised away, or the node lags behind")
    if failure.code in (-32700, -32600, -32601, -32602, -32004, -32006):
        return UnexpectedResponseError(said, sha256=failure.sha256)
    return ProviderUnavailableError(said)


def _retry_after(data: Any) -> float | None:
    """Infura's `{"rate": {"backoff_seconds": 30}}`."""
    rate = data.get("rate") if isinstance(data, dict) else None
    seconds = rate.get("backoff_seconds") if isinstance(rate, dict) else None
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < 86_400 else None
