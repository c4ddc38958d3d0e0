"""The block that was the newest at an instant in the past."""

from collections.abc import Iterable
from datetime import datetime

from holdfast.domain.balances import Block
from holdfast.providers.evm.node import Node
from holdfast.providers.evm.pinning import fetch_numbered

_SETTLED_DEPTH = 128
"""What lies deeper is remembered, until a fetch fails: above it a reorganisation may still give a number another block,
and where blocks are fast also below."""
_MOST_REMEMBERED = 50_000


class BlockFinder:
    """Of one chain. Neighbouring instants cost a few requests each, because blocks come at an even pace."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._remembered: dict[int, Block] = {}

    def forget(self) -> None:
        """For when what it found is not there: the next look is at the chain as it is."""
        self._remembered.clear()

    async def find_block(self, at: datetime, newest: Block) -> Block | None:
        """The last block up to `newest` that is not after `at`; None before the first. Raises ProviderError."""
        if newest.time <= at:
            return newest
        low, high = _nearest(self._remembered.values(), at), self._after(at, newest)
        step = 1
        while low is None:
            block = await self._fetch(max(0, high.number - step), newest)
            if block.time <= at:
                low = block
            elif block.number == 0:
                return None
            else:
                high, step = block, step * 2 if step > 1 else _blocks_back(block, newest, at)
        uneven = False
        while (between := high.number - low.number) > 1:
            block = await self._fetch(low.number + between // 2 if uneven else _guess(low, high, at), newest)
            low, high = (block, high) if block.time <= at else (low, block)
            uneven = not uneven and high.number - low.number > between // 2
        return low

    def _after(self, at: datetime, newest: Block) -> Block:
        later = (block for block in self._remembered.values() if at < block.time and block.number < newest.number)
        return min(later, key=lambda block: block.number, default=newest)

    async def _fetch(self, number: int, newest: Block) -> Block:
        if number in self._remembered:
            return self._remembered[number]
        block = await fetch_numbered(self._node, number)
        if newest.number - number >= _SETTLED_DEPTH:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[number] = block
        return block


def _nearest(blocks: Iterable[Block], at: datetime) -> Block | None:
    return max((block for block in blocks if block.time <= at), key=lambda block: block.number, default=None)


def _blocks_back(block: Block, newest: Block, at: datetime) -> int:
    """About so many blocks lie between `at` and `block`, at the pace from there to `newest`."""
    pace_s = (newest.time - block.time).total_seconds() / max(1, newest.number - block.number)
    return 2 + int((block.time - at).total_seconds() / max(pace_s, 0.1))


def _guess(low: Block, high: Block, at: datetime) -> int:
    """Strictly between the two: where an even pace would put it, but never so near an end that little is gained."""
    between = high.number - low.number
    share = (at - low.time) / (high.time - low.time)
    margin = max(1, between // 64)
    return low.number + min(max(int(between * share), margin), between - margin)
