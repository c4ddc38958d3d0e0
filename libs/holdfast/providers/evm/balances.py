"""The `balances` feed: native coin and ERC-20 tokens of one account, all at one block."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from holdfast.domain import assets
from holdfast.domain.balances import Balance, Block, Reason, Snapshot
from holdfast.domain.jobs import JobWindow
from holdfast.domain.money import OutOfRangeError, cut
from holdfast.domain.time import Clock
from holdfast.providers.evm.calls import balance_of
from holdfast.providers.evm.coins import DECIMALS, Coin
from holdfast.providers.evm.decoding import to_amount, to_uint256
from holdfast.providers.evm.failures import StateGoneError
from holdfast.providers.evm.metadata import MetadataCache, TokenMetadata
from holdfast.providers.evm.node import Node
from holdfast.providers.evm.past import BlockFinder
from holdfast.providers.evm.pinning import check_unmoved, fetch_block, fetch_coins
from holdfast.providers.evm.reading import Reader
from holdfast.providers.kit.errors import NoHistoryError, ProviderUnavailableError
from holdfast.providers.kit.exchange import current_exchange

WALLET = "wallet"


class ChainBalances:
    """One chain: its node, its coin, and the tokens to look for."""

    def __init__(
        self,
        *,
        node: Node,
        reader: Reader,
        metadata: MetadataCache,
        clock: Clock,
        coin: Coin,
        tokens: Sequence[str],
        confirmation_blocks: int,
        archive: bool = False,
    ) -> None:
        self._node = node
        self._reader = reader
        self._metadata = metadata
        self._clock = clock
        self._coin = coin
        self._tokens = tokens
        self._confirmation_blocks = confirmation_blocks
        self._finder = BlockFinder(node) if archive else None

    async def fetch_snapshot(self, account: str) -> Snapshot:
        """`account` is canonical CAIP-10. Raises ProviderError."""
        return await self._fetch_at(account, await self._fetch_newest())

    async def fetch_history(self, account: str, window: JobWindow) -> tuple[Snapshot, ...]:
        """One snapshot for each instant, at the block that was the newest then; none from before the chain was.

        A block that was the newest at several instants is read once. Raises ProviderError, NoHistoryError
        from a node that is not said to have an archive.
        """
        if self._finder is None:
            setting = f"providers.evm.chains.{self._node.chain_id}.archive"
            raise NoHistoryError(f"chain {self._node.chain} has no archive: {setting} = true says that its node has")
        newest = await self._fetch_newest()
        blocks: dict[int, Block] = {}
        for at in window.each():
            block = await self._finder.find_block(at, newest)
            if block is not None and window.holds(block.time):
                blocks[block.number] = block
        try:
            return tuple([await self._fetch_at(account, block) for block in blocks.values()])
        except StateGoneError as error:
            raise NoHistoryError(f"not an archive after all: {error}") from error
        except ProviderUnavailableError:
            self._finder.forget()
            raise

    async def _fetch_newest(self) -> Block:
        await self._node.check_chain()
        return await fetch_block(self._node, confirmation_blocks=self._confirmation_blocks)

    async def _fetch_at(self, account: str, block: Block) -> Snapshot:
        address = account.rpartition(":")[2]
        before = len(current_exchange().sha256s)
        pin, coins = await fetch_coins(self._node, block, address)
        returned = await self._reader.fetch_calls([balance_of(token, address) for token in self._tokens], pin)
        held = {
            token: raw for token, data in zip(self._tokens, returned, strict=True) if (raw := to_uint256(data)) != 0
        }
        metadata = await self._metadata.fetch_metadata(tuple(held), pin)
        await check_unmoved(self._node, pin)
        lines = [to_coin_line(self._coin, block.chain, coins)] if coins else []
        lines += [to_token_line(block.chain, token, raw, metadata[token]) for token, raw in held.items()]
        return self._to_snapshot(account, block, lines, current_exchange().sha256s[before:])

    def _to_snapshot(self, account: str, block: Block, lines: Iterable[Balance], raw: tuple[str, ...]) -> Snapshot:
        return Snapshot(
            account=account,
            scope=WALLET,
            observed_at=block.time,
            fetched_at=self._clock.now(),
            balances=tuple(lines),
            block=block,
            raw=raw,
        )


def to_coin_line(coin: Coin, chain: str, wei: int) -> Balance:
    known = TokenMetadata(decimals=DECIMALS, symbol=coin.symbol, name=coin.name)
    return _to_line(coin.asset(chain), chain, wei, known)


def to_token_line(chain: str, token: str, raw: int | None, metadata: TokenMetadata) -> Balance:
    """`raw` None is a token that could not be read: a line with a reason, because absent would mean zero."""
    return _to_line(assets.erc20(chain, token), chain, raw, metadata)


def _to_line(asset: str, chain: str, raw: int | None, metadata: TokenMetadata) -> Balance:
    amount: Decimal | None = None
    reason: Reason | None = None
    if raw is None or metadata.decimals is None:
        reason = "unreadable"
    else:
        amount = to_amount(raw, metadata.decimals)
        try:
            cut(amount)
        except OutOfRangeError:
            amount, reason = None, "out_of_range"
    return Balance(
        asset=asset,
        kind="wallet",
        amount=amount,
        chain=chain,
        symbol=metadata.symbol,
        name=metadata.name,
        reason=reason,
    )
