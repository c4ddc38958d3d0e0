"""The `transfers` feed: every transfer of one account in a range of blocks, of tokens from the node's logs.

Each fetch states the last hour anew, up to the block that balances are read at. So a block that was replaced since is
stated again as it is now, and a fetch that was missed is made up for by the next one. A native coin moves without a
log: what it did is told by its balances, of as many of the blocks as the node holds the state of.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import timedelta

from msgspec.structs import replace

from holdfast.domain import assets
from holdfast.domain.balances import Block
from holdfast.domain.jobs import JobWindow
from holdfast.domain.money import OutOfRangeError, cut
from holdfast.domain.time import Clock
from holdfast.domain.transfers import CoinMovements, Direction, TokenTransfer, TransferRange
from holdfast.providers.evm.balances import WALLET
from holdfast.providers.evm.coin_movements import Told, fetch_movements
from holdfast.providers.evm.coins import Coin
from holdfast.providers.evm.decoding import to_amount
from holdfast.providers.evm.envelope import Answer
from holdfast.providers.evm.failures import RpcFailure, is_range_refused
from holdfast.providers.evm.logs import Asked, TransferLog, parse_logs
from holdfast.providers.evm.metadata import MetadataCache, TokenMetadata
from holdfast.providers.evm.node import Node
from holdfast.providers.evm.past import BlockFinder
from holdfast.providers.evm.pinning import Pin, fetch_block, fetch_numbers
from holdfast.providers.kit.errors import ProviderUnavailableError
from holdfast.providers.kit.exchange import current_exchange
from holdfast.providers.kit.replaying import NotRecordedError

_Place = tuple[int, str]
"""A block's number and its hash."""


class ChainTransfers:
    """One chain: its node, and the tokens whose balances are read there."""

    def __init__(
        self,
        *,
        node: Node,
        metadata: MetadataCache,
        clock: Clock,
        tokens: Sequence[str],
        confirmation_blocks: int,
        back_s: int,
        blocks_per_request: int,
        tokens_per_request: int,
        coin: Coin | None = None,
        coin_blocks: int = 1,
    ) -> None:
        """`coin`: None where what it does is not to be told."""
        self._node = node
        self._metadata = metadata
        self._clock = clock
        self._tokens = tuple(tokens)
        self._confirmation_blocks = confirmation_blocks
        self._back_s = back_s
        self._blocks_per_request = blocks_per_request
        self._tokens_per_request = tokens_per_request
        self._coin = coin
        self._coin_blocks = coin_blocks
        self._finder = BlockFinder(node)

    async def fetch_recent(self, account: str) -> tuple[TransferRange, ...]:
        """The last `back_s` seconds; nothing from a chain of a single block. Raises ProviderError."""
        newest = await self._fetch_newest()
        before = await self._fetch_number_before(newest)
        return await self._fetch_range(account, before, newest, pin=newest, again=True)

    async def fetch_history(self, account: str, window: JobWindow) -> tuple[TransferRange, ...]:
        """The blocks behind the instant before the window's first one, up to its last one. Raises ProviderError."""
        newest = await self._fetch_newest()
        until = await self._finder.find_block(window.end, newest)
        if until is None:
            return ()
        after = await self._finder.find_block(window.start - timedelta(seconds=window.every_s), newest)
        return await self._fetch_range(account, after.number if after else 0, until, pin=newest)

    async def _fetch_newest(self) -> Block:
        await self._node.check_chain()
        return await fetch_block(self._node, confirmation_blocks=self._confirmation_blocks)

    async def _fetch_number_before(self, newest: Block) -> int:
        """By the blocks' own times, not by their number: a chain may have stood still meanwhile."""
        before = await self._finder.find_block(newest.time - timedelta(seconds=self._back_s), newest)
        return before.number if before else 0

    async def _fetch_range(
        self, account: str, after: int, until: Block, *, pin: Block, again: bool = False
    ) -> tuple[TransferRange, ...]:
        if after >= until.number:
            return ()
        before = len(current_exchange().sha256s)
        address = account.rpartition(":")[2]
        logs = await self._fetch_logs(account, after + 1, until.number)
        told = await self._fetch_told(address, after, until.number, again=again)
        stated = {(until.number, until.hash), *_stated(logs, told)}
        looked_at = self._clock.now()
        blocks = await self._fetch_blocks(stated, {after, told.after if told else after}, until.chain)
        tokens = tuple(dict.fromkeys(log.token for log in logs))
        # At the newest block, whose state every node has: decimals are the same at all times.
        metadata = await self._metadata.fetch_metadata(tokens, Pin(block=pin, by_hash=False)) if tokens else {}
        transfers = [to_transfer(log, address, blocks[log.block_number], metadata[log.token]) for log in logs]
        whole = TransferRange(
            account=account,
            scope=WALLET,
            after=blocks[after],
            until=until,
            fetched_at=looked_at,
            transfers=tuple(transfers),
            coin=self._to_coin(told, blocks),
            raw=current_exchange().sha256s[before:],
        )
        return (whole,)

    async def _fetch_told(self, address: str, after: int, until: int, *, again: bool) -> Told | None:
        if self._coin is None:
            return None
        try:
            return await fetch_movements(
                self._node, address, after=after, until=until, most=self._coin_blocks, again=again
            )
        except NotRecordedError:
            return None  # reading again what was answered before coins were asked of: of its tokens all is known

    def _to_coin(self, told: Told | None, blocks: Mapping[int, Block]) -> CoinMovements | None:
        if self._coin is None or told is None:
            return None
        asset = self._coin.asset(self._node.chain)
        return CoinMovements(asset=asset, after=blocks[told.after], movements=told.movements)

    async def _fetch_blocks(self, stated: Set[_Place], others: Collection[int], chain: str) -> dict[int, Block]:
        """By number. All are looked at after what is said of those `stated`: then that is of one chain."""
        blocks = await fetch_numbers(self._node, sorted({*others, *(number for number, _ in stated)}))
        for number, block_hash in stated:
            if blocks[number].hash != block_hash:
                self._finder.forget()
                raise ProviderUnavailableError(
                    f"block {number} of {chain} was reorganised while its transfers were read; "
                    "a greater confirmation_blocks makes this rare"
                )
        return blocks

    async def _fetch_logs(self, account: str, first: int, last: int) -> list[TransferLog]:
        """In the order of the chain, each once: one to itself is found in both directions."""
        address, found = account.rpartition(":")[2], dict[tuple[int, int], TransferLog]()
        for start in range(0, len(self._tokens), self._tokens_per_request):
            tokens = self._tokens[start : start + self._tokens_per_request]
            for begin in range(first, last + 1, self._blocks_per_request):
                end = min(last, begin + self._blocks_per_request - 1)
                for log in await self._fetch_some(Asked(account=address, tokens=tokens, first=begin, last=end)):
                    found[log.place] = log
        return [found[place] for place in sorted(found)]

    async def _fetch_some(self, asked: Asked) -> list[TransferLog]:
        """A node that finds the range too large is asked for its halves."""
        answers = await self._node.ask_many(asked.requests())
        if asked.first < asked.last and any(_is_too_much(answer) for answer in answers):
            middle = (asked.first + asked.last) // 2
            halves = ((asked.first, middle), (middle + 1, asked.last))
            return [
                log
                for first, last in halves
                for log in await self._fetch_some(
                    Asked(account=asked.account, tokens=asked.tokens, first=first, last=last)
                )
            ]
        settled = [self._node.settle("eth_getLogs", answer) for answer in answers]
        return [log for answer in settled for log in parse_logs(answer, asked)]


def _stated(logs: Iterable[TransferLog], told: Told | None) -> set[_Place]:
    """Each block in which something moved."""
    of_coin = {(one.block.number, one.block.hash) for one in told.movements} if told else set()
    return of_coin | {(log.block_number, log.block_hash) for log in logs}


def _is_too_much(answer: Answer) -> bool:
    return isinstance(answer, RpcFailure) and is_range_refused(answer)


def to_transfer(log: TransferLog, address: str, block: Block, metadata: TokenMetadata) -> TokenTransfer:
    """As the account sees it. An amount that cannot be told is None, with the reason."""
    direction, counterparty = _seen_from(address, log)
    known = TokenTransfer(
        asset=assets.erc20(block.chain, log.token),
        direction=direction,
        amount=None if metadata.decimals is None else to_amount(log.raw, metadata.decimals),
        counterparty=counterparty,
        block=block,
        tx_hash=log.tx_hash,
        log_index=log.log_index,
        reason="unreadable" if metadata.decimals is None else None,
    )
    return _in_range(known)


def _in_range(transfer: TokenTransfer) -> TokenTransfer:
    try:
        if transfer.amount is not None:
            cut(transfer.amount)
    except OutOfRangeError:
        return replace(transfer, amount=None, reason="out_of_range")
    return transfer


def _seen_from(address: str, log: TransferLog) -> tuple[Direction, str]:
    if log.sender == log.receiver:
        return "self", address
    return ("out", log.receiver) if log.sender == address else ("in", log.sender)
