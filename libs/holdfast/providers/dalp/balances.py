"""Feed `balances`: every token of a participant as one complete snapshot, and the total that DALP reports.

All pages, then the breakdown. A list that changed while it was read, or whose pages do not bring as many rows as it
says it has, leaves no snapshot. Where DALP says that a rate was missing (`conversionReliable` is false) the numbers are
kept as it states them, and the reported total carries the reason `unreliable_conversion`.
"""

from collections.abc import AsyncIterator

from msgspec import Struct

from holdfast.domain.assets import fiat
from holdfast.domain.balances import Balance, ReportedTotal, Snapshot
from holdfast.domain.time import Clock
from holdfast.providers.dalp.client import DalpClient, parse_participant
from holdfast.providers.dalp.lines import to_lines
from holdfast.providers.dalp.wire import (
    BALANCES_PATH,
    BREAKDOWN_PATH,
    AssetRow,
    Breakdown,
    Collection,
    ShapeError,
    balances_query,
    to_collection,
    to_resource,
)
from holdfast.providers.kit.answer import Answer
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.errors import ProviderUnavailableError
from holdfast.providers.kit.exact import UnreadableNumberError, to_decimal

SCOPE = "dalp"

_SORT = "-balance"
"""The one order that the documentation shows."""
_MOST_PAGES = 1000


class Page(Struct, frozen=True, kw_only=True):
    answer: Answer
    content: Collection[AssetRow]


async def fetch_balances(client: DalpClient, target: Target, clock: Clock) -> Fetched:
    """Raises ProviderError."""
    participant = parse_participant(target.target)
    pages = [page async for page in _fetch_pages(client, participant)]
    answer = await client.fetch(BREAKDOWN_PATH, participant=participant)
    breakdown = _to_breakdown(answer)
    lines = [line for page in pages for line in _to_lines(page, client)]
    snapshot = Snapshot(
        account=target.target,
        scope=SCOPE,
        observed_at=pages[0].answer.sent_at,
        fetched_at=clock.now(),
        balances=tuple(lines),
        raw=tuple(dict.fromkeys((*(page.answer.sha256 for page in pages), answer.sha256))),
    )
    return Fetched(snapshots=(snapshot,), totals=(_to_total(answer, breakdown, client, target),))


async def _fetch_pages(client: DalpClient, participant: str) -> AsyncIterator[Page]:
    """Until all rows are there. Raises ProviderUnavailableError when the list moved under us."""
    size, seen, total = client.settings.page_size, set[str](), None
    for _ in range(_MOST_PAGES):
        query = balances_query(limit=size, offset=len(seen), sort=_SORT)
        answer = await client.fetch(BALANCES_PATH, query, participant=participant)
        page = Page(answer=answer, content=_to_page(answer))
        rows, count = page.content.data, page.content.meta.count
        identities = {row.token.id or row.token.address for row in rows}
        if len(identities) != len(rows) or identities & seen or (seen and count != total):
            raise ProviderUnavailableError("the list of tokens changed while its pages were read")
        seen, total = seen | identities, count
        yield page
        if len(seen) == total or (total is None and len(rows) < size):
            return
        if not rows or (total is not None and len(seen) > total):
            raise answer.unexpected(f"{len(seen)} rows of a list that says it has {total}")
    raise answer.unexpected(f"a list of more than {_MOST_PAGES} pages")


def _to_page(answer: Answer) -> Collection[AssetRow]:
    try:
        return to_collection(answer.json(), AssetRow)
    except ShapeError as error:
        raise answer.unexpected(f"asset balances: {error}") from error


def _to_lines(page: Page, client: DalpClient) -> list[Balance]:
    try:
        return [line for row in page.content.data for line in to_lines(row, client.settings)]
    except (ShapeError, UnreadableNumberError) as error:
        raise page.answer.unexpected(f"asset balances: {error}") from error


def _to_breakdown(answer: Answer) -> Breakdown:
    try:
        return to_resource(answer.json(), Breakdown).data
    except ShapeError as error:
        raise answer.unexpected(f"breakdown: {error}") from error


def _to_total(answer: Answer, breakdown: Breakdown, client: DalpClient, target: Target) -> ReportedTotal:
    try:
        total = to_decimal(breakdown.total_value)
    except UnreadableNumberError as error:
        raise answer.unexpected(f"breakdown: totalValue {error}") from error
    return ReportedTotal(
        account=target.target,
        scope=SCOPE,
        observed_at=answer.sent_at,
        currency=fiat(client.settings.base_currency),
        total=total,
        reason=None if breakdown.conversion_reliable else "unreliable_conversion",
        raw=(answer.sha256,),
    )
