"""Whatever an upstream sends, a fetch ends soon, as a ProviderError or as something that can be stored."""

import asyncio
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.assets import parse_asset, parse_chain
from holdfast.domain.balances import KINDS, Balance, ReportedTotal, Snapshot
from holdfast.domain.clusters import TokenClusters
from holdfast.domain.money import LIMIT
from holdfast.domain.reported import ReportedReturns
from holdfast.domain.transfers import TransferRange
from holdfast.providers.kit.contract import Fetched
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.providers.kit.errors import ProviderError
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.recording import Case, load_cases
from holdfast.providers.kit.testing import run_case
from tests.providers.damage import DamagedUpstream, damages
from tests.support.sampling import few, many

LONGEST_S = 20
PROVIDERS = discover()


def replayed_cases(module: ProviderModule) -> list[Case]:
    return [case for case in load_cases(module.folder).values() if case.fetched is not None and case.exchanges]


def _check(module: ProviderModule, data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(replayed_cases(module)))
    damaged = data.draw(st.sampled_from(case.exchanges))
    upstream = DamagedUpstream(case, damaged, data.draw(damages(damaged)))
    asyncio.run(fetch_and_check(module, case, upstream))


@pytest.mark.parametrize("module", PROVIDERS.values(), ids=PROVIDERS.keys())
@few(75)
@given(data=st.data())
def test_a_damaged_answer_ends_as_an_error_or_as_a_valid_snapshot(module: ProviderModule, data: st.DataObject) -> None:
    _check(module, data)


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", PROVIDERS.values(), ids=PROVIDERS.keys())
@many(1000)
@given(data=st.data())
def test_many_damaged_answers_end_as_errors_or_as_valid_snapshots(module: ProviderModule, data: st.DataObject) -> None:
    _check(module, data)


async def fetch_and_check(module: ProviderModule, case: Case, upstream: DamagedUpstream) -> None:
    try:
        with open_exchange():
            async with asyncio.timeout(LONGEST_S):
                fetched = await run_case(module, case, upstream)
    except ProviderError:
        return
    check_can_be_stored(fetched)


def check_can_be_stored(fetched: Fetched) -> None:
    for snapshot in fetched.snapshots:
        check_snapshot(snapshot)
    for total in fetched.totals:
        check_total(total)
    for returns in fetched.returns:
        check_returns(returns)
    for price in fetched.prices:
        assert parse_asset(price.asset) == price.asset
        check_number(price.price)
        assert price.price is not None
        assert price.at.tzinfo is not None
    for statement in fetched.clusters:
        check_clusters(statement)
    for stated in fetched.transfers:
        check_transfers(stated)
    encoded = msgspec.json.encode(fetched)
    assert msgspec.json.decode(encoded, type=Fetched) == fetched


def check_snapshot(snapshot: Snapshot) -> None:
    assert snapshot.observed_at <= snapshot.fetched_at
    assert snapshot.raw
    assert [parse_asset(asset) for asset in snapshot.covers] == list(snapshot.covers)
    for line in snapshot.balances:
        check_line(line)


def check_line(line: Balance) -> None:
    assert line.kind in KINDS
    assert line.asset is None or parse_asset(line.asset) == line.asset
    assert line.chain is None or parse_chain(line.chain) == line.chain
    for number in (line.amount, line.value, line.price):
        check_number(number)
    assert line.amount is not None or line.reason is not None
    assert all(len(text) <= 200 for text in (line.symbol, line.name, line.platform, line.position))


def check_total(total: ReportedTotal) -> None:
    """A total may be below zero: it nets debt."""
    check_number(None if total.total is None else abs(total.total))


def check_returns(returns: ReportedReturns) -> None:
    """What a return is of may be below zero, as the return itself."""
    check_number(None if returns.total_return is None else abs(returns.total_return))
    for one in returns.items:
        assert parse_asset(one.asset) == one.asset
        for number in (one.amount, one.value, one.total_return):
            check_number(None if number is None else abs(number))
        assert one.value is not None or one.reason is not None


def check_clusters(statement: TokenClusters) -> None:
    """Gains and distances may be below zero; everything else may not."""
    assert parse_asset(statement.token) == statement.token
    assert statement.raw
    addresses = [address for cluster in statement.clusters for address in cluster.addresses]
    for said in (*statement.clusters, *statement.top_holders, *addresses, statement.overview):
        for name, number in msgspec.structs.asdict(said).items() if said is not None else ():
            if isinstance(number, Decimal):
                check_number(abs(number) if "pnl" in name or "distance" in name else number)
    assert all(len(address.address) <= 200 and (address.rank or 1) in range(1, 2**32) for address in addresses)


def check_transfers(stated: TransferRange) -> None:
    """Each in the range, behind the one before it, and as exact as a line."""
    assert stated.raw
    assert stated.after.number < stated.until.number
    places = [transfer.place for transfer in stated.transfers]
    assert places == sorted(set(places))
    for transfer in stated.transfers:
        assert stated.after.number < transfer.block.number <= stated.until.number
        assert parse_asset(transfer.asset) == transfer.asset
        assert (transfer.amount is None) == (transfer.reason is not None)
        check_number(transfer.amount)


def check_number(number: Decimal | None) -> None:
    assert number is None or (isinstance(number, Decimal) and number.is_finite() and 0 <= number < LIMIT)
