"""`eth_getLogs`: what moved of tokens from block to block, as ERC-20's `Transfer` logs.

The world's transfers and the tokens of its trades are logged in the first block at which a balance shows them. What
grows by itself (receipts that accrue) is not: such tokens rebase without a log, and so it is on real chains.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from services.simulator.upstreams.evm import blocks
from services.simulator.world.chains import Chain
from services.simulator.world.curves import Curve, reached
from services.simulator.world.draws import digest
from services.simulator.world.instants import at_second
from services.simulator.world.tokens import Token
from services.simulator.world.world import World

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
MOST_BLOCKS = 10_000
"""That one question may be about."""
_SECOND = timedelta(seconds=1)


class Wanted(Struct, frozen=True, kw_only=True):
    """Blocks `first` to `last`; addresses in lower case, None for any."""

    first: int
    last: int
    tokens: frozenset[str] | None
    topics: Sequence[Any]

    def takes(self, token: str, topics: Sequence[str]) -> bool:
        if self.tokens is not None and token not in self.tokens:
            return False
        return all(
            asked is None or said in (asked if isinstance(asked, list) else [asked])
            for asked, said in zip(self.topics, topics, strict=False)
        )


class _Movement(Struct, frozen=True, kw_only=True):
    """A token between two addresses: `curve` is what has gone from the one to the other in all."""

    name: str
    index: int
    """Its place in every block that logs it."""
    token: Token
    sender: str
    receiver: str
    curve: Curve
    period_s: int


def find_logs(world: World, chain: Chain, wanted: Wanted) -> list[dict[str, Any]]:
    """In the order of the chain."""
    found = [log for movement in _movements(world, chain) for log in _logs(world, chain, movement, wanted)]
    return sorted(found, key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16)))


def _movements(world: World, chain: Chain) -> Iterator[_Movement]:
    """All of the chain, numbered alike whoever asks."""
    for index, transfer in enumerate(world.transfers):
        if transfer.token.chain is chain and transfer.token.address:
            yield _Movement(
                name=transfer.moved.name,
                index=index,
                token=transfer.token,
                sender=_address(transfer.sender),
                receiver=_address(transfer.receiver),
                curve=transfer.moved,
                period_s=transfer.moved.period_s,
            )
    for index, trade in enumerate(world.trades, len(world.transfers)):
        if trade.bought.chain is chain and trade.bought.address:
            sold = trade.bargain.sold
            yield _Movement(
                name=sold.name,
                index=index,
                token=trade.bought,
                sender="0x" + digest(world.seed, f"pool/{trade.wallet}", 20).hex(),
                receiver=_address(trade.wallet),
                curve=trade.bargain,
                period_s=sold.period_s,
            )


def _logs(world: World, chain: Chain, movement: _Movement, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Of each period that begins in the blocks asked about. It shows from the first block at or after its beginning."""
    ways = [(movement.sender, movement.receiver), (movement.receiver, movement.sender)]
    token = movement.token.address.lower()
    if not any(wanted.takes(token, _topics(*way)) for way in ways):
        return
    begin_s = (wanted.first - 1 - chain.first_block) * chain.block_s
    end_s = (wanted.last - chain.first_block) * chain.block_s
    for period in range(max(0, begin_s // movement.period_s) + 1, end_s // movement.period_s + 1):
        since = at_second(period * movement.period_s)
        moved = reached(world.seed, movement.curve, since) - reached(world.seed, movement.curve, since - _SECOND)
        topics = _topics(*ways[moved < 0])
        if moved and wanted.takes(token, topics):
            number = chain.first_block - (-period * movement.period_s // chain.block_s)
            yield _render(world, chain, movement, number, f"{movement.name}/{period}", topics=topics, raw=abs(moved))


def _render(
    world: World, chain: Chain, movement: _Movement, number: int, name: str, *, topics: Sequence[str], raw: int
) -> dict[str, Any]:
    return {
        "address": movement.token.address.lower(),
        "topics": list(topics),
        "data": "0x" + raw.to_bytes(32, "big").hex(),
        "blockNumber": hex(number),
        "blockHash": blocks.hash_of(world, chain, number),
        "transactionHash": "0x" + digest(world.seed, f"tx/{name}", 32).hex(),
        "transactionIndex": hex(movement.index),
        "logIndex": hex(movement.index),
        "removed": False,
    }


def _topics(sender: str, receiver: str) -> tuple[str, str, str]:
    return TRANSFER, _padded(sender), _padded(receiver)


def _padded(address: str) -> str:
    return "0x" + address[2:].lower().rjust(64, "0")


def _address(account: str) -> str:
    return account.rpartition(":")[2]
