"""ERC-20 `Transfer` logs: what to ask a node for, and what it answered.

    event Transfer(address indexed from, address indexed to, uint256 value)

ERC-721 has the same signature with an indexed fourth topic, the token's number: its logs are passed over.
Source: EIP-20; EIP-721; execution-apis, eth_getLogs.
"""

import re
from collections.abc import Collection
from typing import Any

from msgspec import Struct

from holdfast.providers.evm.decoding import to_bytes, to_quantity, to_uint256
from holdfast.providers.evm.envelope import Request
from holdfast.providers.kit.errors import UnexpectedResponseError

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""The keccak of `Transfer(address,address,uint256)`."""

_HASH = re.compile(r"0x[0-9a-f]{64}")
_ADDRESS_TOPIC = re.compile(r"0x0{24}[0-9a-f]{40}")
_ERC20_TOPICS, _ERC721_TOPICS = 3, 4


class TransferLog(Struct, frozen=True, kw_only=True):
    """One log, as the node has it."""

    token: str
    sender: str
    receiver: str
    raw: int
    block_number: int
    block_hash: str
    tx_hash: str
    log_index: int

    @property
    def place(self) -> tuple[int, int]:
        return self.block_number, self.log_index


class Asked(Struct, frozen=True, kw_only=True):
    """Which logs: of some tokens, to and from one account, in blocks `first` to `last`."""

    account: str
    tokens: tuple[str, ...]
    first: int
    last: int

    def requests(self) -> tuple[Request, Request]:
        """What went out and what came in: a node takes no "either" between two places of a log."""
        padded = "0x" + self.account[2:].rjust(64, "0")
        return self._request([TRANSFER, padded]), self._request([TRANSFER, None, padded])

    def _request(self, topics: list[Any]) -> Request:
        blocks = {"fromBlock": hex(self.first), "toBlock": hex(self.last)}
        return Request("eth_getLogs", [{"address": list(self.tokens), **blocks, "topics": topics}])


def parse_logs(answer: Any, asked: Asked) -> list[TransferLog]:
    """Raises UnexpectedResponseError for what is no log, and for one that was not asked for."""
    if not isinstance(answer, list):
        raise UnexpectedResponseError(f"eth_getLogs: not a list of logs: {str(answer)[:80]}")
    tokens = frozenset(asked.tokens)
    return [log for entry in answer if (log := _parse(entry, asked, tokens)) is not None]


def _parse(entry: Any, asked: Asked, tokens: Collection[str]) -> TransferLog | None:
    """None for what a reorganisation took back, and for an ERC-721 token."""
    fields = entry if isinstance(entry, dict) else {}
    if fields.get("removed") is True:
        return None
    topics = fields.get("topics")
    if isinstance(topics, list) and len(topics) == _ERC721_TOPICS:
        return None
    log = _to_log(fields, topics)
    if log is None:
        raise UnexpectedResponseError(f"eth_getLogs: not a Transfer log of a token: {str(entry)[:300]}")
    if log.token not in tokens or asked.account not in (log.sender, log.receiver):
        raise UnexpectedResponseError(f"eth_getLogs: a log of {log.token} that was not asked for")
    if not asked.first <= log.block_number <= asked.last:
        where = f"block {log.block_number}, not in {asked.first} to {asked.last}"
        raise UnexpectedResponseError(f"eth_getLogs: a log of {where}")
    return log


def _to_log(fields: dict[str, Any], topics: Any) -> TransferLog | None:
    number, index = to_quantity(fields.get("blockNumber")), to_quantity(fields.get("logIndex"))
    raw = to_uint256(to_bytes(fields.get("data")))
    block_hash, tx_hash, token = (_lower(fields.get(name)) for name in ("blockHash", "transactionHash", "address"))
    if not isinstance(topics, list) or len(topics) != _ERC20_TOPICS or _lower(topics[0]) != TRANSFER:
        return None
    if not (_ADDRESS_TOPIC.fullmatch(_lower(topics[1])) and _ADDRESS_TOPIC.fullmatch(_lower(topics[2]))):
        return None
    if number is None or index is None or index >= 2**32 or raw is None:
        return None
    if not (_HASH.fullmatch(block_hash) and _HASH.fullmatch(tx_hash)):
        return None
    return TransferLog(
        token=token,
        sender="0x" + _lower(topics[1])[26:],
        receiver="0x" + _lower(topics[2])[26:],
        raw=raw,
        block_number=number,
        block_hash=block_hash,
        tx_hash=tx_hash,
        log_index=index,
    )


def _lower(text: Any) -> str:
    return text.lower() if isinstance(text, str) else ""
