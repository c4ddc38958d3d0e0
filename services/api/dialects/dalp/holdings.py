"""User asset balances: one row per asset over the portfolio's accounts, in pages."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.domain.money import EXACT, plain
from holdfast.providers.dalp.wire import (
    BALANCES_PATH,
    AssetRow,
    Collection,
    CollectionLinks,
    PageMeta,
    TokenRef,
    WalletShare,
    balances_query,
    self_link,
)
from services.api.dialects.dalp.currency import Converter, read_converter, rounded, to_text
from services.api.dialects.dalp.failures import forbidden, invalid
from services.api.dialects.dalp.participants import Participant
from services.api.native.totals.current import excluded_now, read_current, receipts
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Money

DEFAULT_LIMIT, MOST, MOST_ROWS = 50, 200, 1_000_000
WALLET = "filter[wallet]"
SORTS = {"balance": "balance", "value": "balance", "valueInBaseCurrency": "value", "symbol": "symbol"}
"""DALP calls a row's amount `value` and sorts by `balance`: both are understood."""
_WHOLE = re.compile(r"[0-9]{1,6}")


class Page(Struct, frozen=True, kw_only=True):
    limit: int
    offset: int
    sort: str
    """As asked for, a sign before it for descending."""
    wallet: str | None = None
    """Whose participant is asked about; None: one's own."""

    @property
    def order(self) -> str:
        """In the words of the query."""
        column = SORTS[self.sort.removeprefix("-")]
        return f"-{column}" if self.sort.startswith("-") else column


class _InAccount(Struct, frozen=True, kw_only=True):
    account: str
    amount: Money
    locked: Money


class _Row(Struct, frozen=True, kw_only=True):
    asset: str
    symbol: str
    asset_type: str
    asset_class: str
    amount: Money
    locked: Money
    value_usd: Money
    unvalued: int
    accounts: list[_InAccount]
    total: int


def parse_page(query: Mapping[str, str]) -> Page:
    """In either style. Raises DalpError naming the parameter, a filter that is not served, or a wallet of others."""
    _check_filters(query)
    limit = _whole(query, ("page[limit]", "limit"), DEFAULT_LIMIT, range(1, MOST + 1))
    offset = _whole(query, ("page[offset]", "offset"), 0, range(MOST_ROWS))
    return Page(limit=limit, offset=offset, sort=_sort(query), wallet=query.get(WALLET))


def _check_filters(query: Mapping[str, str]) -> None:
    """One that is passed over would give an answer about something else."""
    for name in query:
        if name.startswith("filter") and name != WALLET:
            raise invalid(name, f"there is no such filter here: leave it out, or use {WALLET}")


def _sort(query: Mapping[str, str]) -> str:
    if "sort" in query or not {"sortBy", "sortDirection"} & query.keys():
        return _checked_sort("sort", query.get("sort", "-balance"))
    column, direction = query.get("sortBy", "balance"), query.get("sortDirection", "asc")
    if direction not in ("asc", "desc"):
        raise invalid("sortDirection", "expected asc or desc")
    return ("-" if direction == "desc" else "") + _checked_sort("sortBy", column)


def _checked_sort(name: str, sort: str) -> str:
    if (sort.removeprefix("-") if name == "sort" else sort) not in SORTS:
        signed = ", with - before it for descending" if name == "sort" else ""
        raise invalid(name, f"expected {', '.join(SORTS)}{signed}")
    return sort


async def read_holdings(api: Resources, participant: Participant, page: Page) -> Collection[AssetRow]:
    """Raises DalpError where a wallet of somebody else is asked about."""
    _check_wallet(participant, page.wallet)
    snapshots = await read_current(api, participant.sources)
    rows: list[_Row] = []
    if snapshots:
        params = {
            "snapshots": [snapshot.key for snapshot in snapshots],
            "receipts": receipts(snapshots),
            "excluded": list(excluded_now(api.registry, participant.tenant, participant.portfolio)),
            "sort": page.order,
            "limit": page.limit,
            "offset": page.offset,
        }
        rows = await read(api.warehouse, load_sql(__file__, "holdings"), params, _Row)
    converter = await read_converter(api, participant, [participant.now] if rows else [])
    total = rows[0].total if rows else await _count_before(api, participant, page)
    return Collection(
        data=tuple(_to_row(row, participant, converter) for row in rows),
        meta=PageMeta(total_count=total, total=total, offset=page.offset, limit=page.limit),
        links=_to_links(page, total),
    )


def _check_wallet(participant: Participant, wallet: str | None) -> None:
    """The same for a wallet of another participant and for one that is nobody's."""
    if wallet is None:
        return
    own = {_wallet(source.split("/")[2]).lower() for source in participant.sources}
    if wallet.lower() not in own:
        raise forbidden("this wallet belongs to another participant, or to none", f"Leave {WALLET} out")


async def _count_before(api: Resources, participant: Participant, page: Page) -> int:
    """A page beyond the end still says how many rows there are."""
    if page.offset == 0:
        return 0
    first = await read_holdings(api, participant, Page(limit=1, offset=0, sort=page.sort))
    return first.meta.count or 0


def _to_row(row: _Row, participant: Participant, converter: Converter) -> AssetRow:
    value = rounded(converter.exact(Decimal(row.value_usd), participant.now), converter.unit)
    unknown = row.unvalued > 0 or not converter.reliable
    return AssetRow(
        token=TokenRef(
            id=row.asset,
            address=_address(row.asset),
            name=row.symbol,
            symbol=row.symbol,
            type=row.asset_type,
            asset_class=row.asset_class,
        ),
        value=plain(Decimal(row.amount)),
        frozen=plain(Decimal(row.locked)),
        available=_available(row.amount, row.locked),
        by_wallet=tuple(
            WalletShare(
                wallet=_wallet(one.account),
                value=plain(Decimal(one.amount)),
                frozen=plain(Decimal(one.locked)),
                available=_available(one.amount, one.locked),
            )
            for one in row.accounts
        ),
        value_in_base_currency=None if unknown else to_text(value),
    )


def _available(amount: str, locked: str) -> str:
    return plain(EXACT.subtract(Decimal(amount), Decimal(locked)))


def _address(asset: str) -> str:
    """The contract, where the asset has one."""
    _, slash, reference = asset.partition("/")
    return reference.partition(":")[2] if slash and not reference.startswith("slip44:") else ""


def _wallet(account: str) -> str:
    """The address; the whole id of an account that is none."""
    try:
        parsed = parse_account(account)
    except AccountIdError:
        return account
    return parsed.address if parsed.chain else account


def _to_links(page: Page, total: int) -> CollectionLinks:
    path = self_link(BALANCES_PATH)
    before, after = max(0, page.offset - page.limit), page.offset + page.limit

    def link(offset: int) -> str:
        return f"{path}?{balances_query(limit=page.limit, offset=offset, sort=page.sort, wallet=page.wallet)}"

    return CollectionLinks(
        self_=path, next=link(after) if after < total else None, prev=link(before) if page.offset else None
    )


def _whole(query: Mapping[str, str], names: Sequence[str], otherwise: int, allowed: range) -> int:
    """Of the first of these parameters that is there."""
    for name in names:
        text = query.get(name)
        if text is not None:
            if not _WHOLE.fullmatch(text) or int(text) not in allowed:
                raise invalid(name, f"expected a whole number from {allowed.start} to {allowed.stop - 1}")
            return int(text)
    return otherwise
