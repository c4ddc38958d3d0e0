"""Transfers that a parser had read wrongly: a range of blocks supersedes what was said of them before, whole."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.domain.balances import Block
from holdfast.domain.transfers import CoinMovement, CoinMovements, TokenTransfer
from holdfast.events import FetchRequested, TransfersObserved
from holdfast.history.transfers import read_transfers
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.providers.kit.recording import Case, load_cases
from holdfast.settings import Configuration
from services.worker.reparsing.transfers import identity_of, read_current_transfers
from tests.reparse.market import counts
from tests.reparse.past import Past

EVM = discover()["evm"]
STORED = "SELECT block_number, log_index, toFloat64(ifNull(amount, 0)) FROM transfers ORDER BY block_number, log_index"
Moved = tuple[TokenTransfer, ...]


def read_as(parser: Callable[[Moved], Moved]) -> ProviderModule:
    """The provider with a parser that makes something else of the logs it is told."""

    class Reading:
        def __init__(self, right: Any) -> None:
            self._right = right

        async def fetch(self, target: Target) -> Fetched:
            fetched = await self._right.fetch(target)
            said = (replace(one, transfers=parser(one.transfers)) for one in fetched.transfers)
            return replace(fetched, transfers=tuple(said))  # type: ignore[no-any-return]

    return replace(EVM, build=lambda *built: Reading(EVM.build(*built)))


def doubled(moved: Moved) -> Moved:
    return tuple(one if one.amount is None else replace(one, amount=one.amount * 2) for one in moved)


def one_more(moved: Moved) -> Moved:
    return (*moved, replace(moved[-1], log_index=moved[-1].log_index + 1, amount=Decimal(7), reason=None))


MISTAKES = {
    "otherwise": doubled,
    "overlooked": lambda moved: moved[1:],
    "not stated": one_more,
}


@pytest.fixture
def transfers(past: Past) -> Past:
    tree = {**past.configuration.tree, "providers": {"evm": case().settings}}
    past.configuration = Configuration(tree)
    return past


async def test_nothing_is_corrected_where_nothing_is_read_otherwise(transfers: Past) -> None:
    """Of one of them the amount is unreadable; and the clock of the fetch was another at its end."""
    await hear(transfers, EVM)
    report = await transfers.reparse(EVM)
    assert (counts(report), report.skipped) == ({"same": 1}, ())


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_the_transfers_of_some_blocks_are_corrected_whole(transfers: Past, mistake: str) -> None:
    await hear(transfers, read_as(MISTAKES[mistake]))
    wrong, before = await known(transfers), datetime.now(UTC)
    assert counts(await transfers.reparse(EVM, feeds=("transfers",), dry_run=True)) == {"corrected": 1}
    assert await known(transfers) == wrong
    [change] = (await transfers.reparse(EVM)).changes
    assert (change.kind, change.platform, change.lines_after) == ("transfers", "0-6", 4)
    assert await transfers.warehouse.rows(STORED) == [(2, 0, 30), (3, 0, 12), (4, 0, 1), (6, 0, 0)]
    assert await known(transfers, before) == wrong != await known(transfers)
    assert (await transfers.reparse(EVM)).changes == ()


async def test_a_correction_does_not_bring_back_what_a_later_fetch_says_is_gone(transfers: Past) -> None:
    """As after a reorganisation: the later fetch states the last blocks again, and that nothing moved in them."""
    await hear(transfers, read_as(doubled))
    later = TransfersObserved(
        id="9" * 32, tenant="acme", provider="evm", account=case().target.target, scope="wallet", after=block(3),
        until=block(8), fetched_at=case().now + timedelta(minutes=10), job_id="9" * 32, transfers=(),
    )  # fmt: skip
    await transfers.store([later])
    assert await transfers.warehouse.rows(STORED) == [(2, 0, 60), (3, 0, 24)]
    assert counts(await transfers.reparse(EVM)) == {"corrected": 1}
    assert await transfers.warehouse.rows(STORED) == [(2, 0, 30), (3, 0, 12)]


async def test_what_the_coin_did_is_held_against_what_is_stored_of_it(past: Past) -> None:
    """Read back it is the same; with a fee that costs something else, or without the coin, it is not."""
    fee = CoinMovement(cause="fee", direction="out", amount=Decimal("0.0100"), block=block(5), tx_hash="0x5", index=0)
    said = TransfersObserved(
        id="8" * 32, tenant="acme", provider="evm", account=case().target.target, scope="wallet", after=block(3),
        until=block(8), fetched_at=case().now, job_id="8" * 32, transfers=(),
        coin=CoinMovements(asset="eip155:31337/slip44:1", after=block(4), movements=(fee,)),
    )  # fmt: skip
    await past.store([said])
    source = f"acme/evm/{said.account}/wallet"
    [found] = (await read_current_transfers(past.warehouse, [(source, said.until.time, "3-8")])).values()
    assert (found.identity, found.lines, found.fetched_at) == (identity_of(said), 1, said.fetched_at)
    dearer = replace(said, coin=replace(said.coin, movements=(replace(fee, amount=Decimal("0.02")),)))
    assert found.identity not in (identity_of(dearer), identity_of(replace(said, coin=None)))


async def test_a_fetch_of_which_nothing_is_kept_is_left_as_it_is_and_told(transfers: Past) -> None:
    await hear(transfers, read_as(doubled))
    await transfers.warehouse.command("TRUNCATE TABLE exchanges")
    report = await transfers.reparse(EVM)
    assert (report.fetches, report.gone, counts(report)) == (0, 1, {})


async def known(past: Past, at: datetime | None = None) -> list[Any]:
    """What came and went, as the ledger reads it."""
    [(source,)] = await past.warehouse.rows("SELECT DISTINCT source FROM transfer_ranges")
    logged = await read_transfers(past.warehouse, {source: ()}, known_at=at)
    return list(logged.transfers.get(source, ()))


async def hear(past: Past, module: ProviderModule) -> None:
    one = case()
    request = FetchRequested(
        id="e" * 32, tenant="acme", provider="evm", feed="transfers", target=one.target.target, scope="wallet",
        slot=one.now, lane="due", requested_at=one.now,
    )  # fmt: skip
    await past.hear(module, one, request)


@cache
def case() -> Case:
    [found] = [one for name, one in load_cases(EVM.folder).items() if "sent, received, to itself" in name]
    return replace(found, now=datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2))


def block(number: int) -> Block:
    return Block(chain="eip155:31337", number=number, hash=f"0x{number:064x}", time=case().now)
