"""What `/v1/portfolios/{id}/returns`, `/flows` and `/attribution` answer of a day in US dollars, as rows."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from msgspec import Struct

from holdfast.domain.assets import USD
from holdfast.domain.attribution import Attribution, attribute, unattributed
from holdfast.domain.ledger.entries import Entry
from holdfast.domain.money import OutOfRangeError, cut
from holdfast.domain.own_moves import Portion, portions
from holdfast.domain.quotes import PriceBook
from holdfast.domain.returns.answers import Unavailable, Window
from holdfast.domain.returns.book import Book, build_book, to_book, to_heard
from holdfast.domain.returns.inputs import flows_of, inputs_of
from holdfast.domain.returns.methods import FIGURES, METHODS, Answer, measure
from holdfast.domain.returns.refusing import unavailable
from holdfast.history.ledgers import Ledgers, read_windows
from holdfast.history.memberships import read_memberships, sources_of
from holdfast.history.receipts import RECEIPTS
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.rows import ClosedDayRow, FlowRow, MethodRow, PortionRow, stored_time
from services.aggregator.closing.attributing import to_attribution, to_lines
from services.aggregator.closing.awaiting import read_awaited
from services.aggregator.closing.days import DueDay

_BEGINNING, _DAY = "all", "day"


class _Looked(Struct, frozen=True, kw_only=True):
    """What is the same in both rows of a day."""

    due: DueDay
    began: datetime
    ranking: tuple[str, ...]
    awaits: tuple[str, ...]


class _Answers(NamedTuple):
    """Of one book."""

    returns: Sequence[Answer]
    attribution: Attribution


async def work_out(warehouse: Warehouse, due: DueDay, *, began: datetime, ranking: Sequence[str]) -> list[ClosedDayRow]:
    """From the very beginning to the end of the day, and of the day alone. Raises WarehouseError.

    `began`: the engine's time before anything was read.
    """
    start = datetime.combine(due.day, time(), UTC)
    end = start + timedelta(days=1)
    members = await read_memberships(warehouse, due.tenant, due.portfolio)
    awaits = await read_awaited(warehouse, sources_of(members), until=end)  # before the rest: once too often is no harm
    looked = _Looked(due=due, began=began, ranking=tuple(ranking), awaits=awaits)
    spans = {_BEGINNING: None, _DAY: start}
    try:
        read = await read_windows(
            warehouse, members, end, list(spans.values()), excluded=frozenset(due.excluded), ranking=ranking
        )
    except OutOfRangeError as error:
        return [_refused(looked, span, Window(opens, end), error) for span, opens in spans.items()]
    # Seconds of arithmetic where a ledger is long: not on the loop that takes events in.
    return [await asyncio.to_thread(_measured, looked, span, of) for span, of in zip(spans, read, strict=True)]


def _refused(looked: _Looked, span: str, window: Window, error: OutOfRangeError) -> ClosedDayRow:
    nothing = to_book((), opening=(), closing=(), window=window)
    refusals = [unavailable(nothing, method, "out_of_range", str(error)) for method in METHODS]
    ledgers = Ledgers(window=window, sources=(), prices=PriceBook())
    return _to_row(looked, span, ledgers, nothing, _Answers(refusals, unattributed(window, USD, "out_of_range")))


def _measured(looked: _Looked, span: str, ledgers: Ledgers) -> ClosedDayRow:
    try:
        book = build_book(
            [one.entries for one in ledgers.sources],
            window=ledgers.window,
            prices=ledgers.prices,
            coverage=[one.coverage for one in ledgers.sources],
            heard=to_heard(one.stated for one in ledgers.sources),
        )
        answers = _Answers(measure(book, METHODS), attribute(book))
        return _to_row(looked, span, ledgers, book, answers)
    except OutOfRangeError as error:
        return _refused(looked, span, ledgers.window, error)


def _to_row(looked: _Looked, span: str, ledgers: Ledgers, book: Book, answers: _Answers) -> ClosedDayRow:
    inputs = inputs_of(book, [one.stated for one in ledgers.sources], left_out=ledgers.left_out)
    accounts = {one.source: one.account for one in ledgers.sources}
    flows = list(flows_of(book)) if span == _DAY else []
    return ClosedDayRow(
        tenant=looked.due.tenant,
        portfolio=looked.due.portfolio,
        day=looked.due.day.isoformat(),
        span=span,
        computed_at=stored_time(looked.began),
        revision=looked.due.revision,
        ranking=looked.ranking,
        awaits=looked.awaits,
        assets=tuple(sorted({asset for asset, _ in book.movements})),
        lines=inputs.lines,
        lines_unpriced=inputs.lines_unpriced,
        lines_stale=inputs.lines_stale,
        lines_excluded=inputs.lines_excluded,
        sources=inputs.sources,
        sources_missing=inputs.sources_missing,
        oldest_input=None if inputs.oldest is None else stored_time(inputs.oldest),
        newest_input=None if inputs.newest is None else stored_time(inputs.newest),
        reasons=dict(inputs.reasons),
        returns=tuple(_to_method(answer) for answer in answers.returns),
        flows=tuple(_to_flow(entry, accounts) for entry in flows),
        portions=tuple(_to_portion(portion) for portion in portions(flows)),
        attribution=to_attribution(answers.attribution),
        effects=tuple(to_lines(answers.attribution, accounts)) if span == _DAY else (),
    )


def _to_method(answer: Answer) -> MethodRow:
    figures = {name: getattr(answer, name, None) for name in FIGURES if name in MethodRow.__struct_fields__}
    if isinstance(answer, Unavailable):
        covered = None if answer.covered is None else cut(answer.covered).value
        return MethodRow(
            method=answer.method,
            reason=answer.reason,
            detail=answer.detail,
            missing=len(answer.missing),
            covered=covered,
        )
    return MethodRow(method=answer.method, annual=getattr(answer, "annual", None), **figures)  # type: ignore[arg-type]


def _to_flow(entry: Entry, accounts: Mapping[str, str]) -> FlowRow:
    source = entry.source.removesuffix(RECEIPTS)
    return FlowRow(
        at=stored_time(entry.at),
        source=source,
        account=accounts[source],
        asset=entry.asset,
        side=entry.side,
        delta=entry.delta,
        held=entry.held,
        price=entry.price,
        value=entry.value,
        reason=entry.reason if entry.value is None else "",
        transfer=entry.transfer,
    )


def _to_portion(portion: Portion | None) -> PortionRow:
    return PortionRow(**portion._asdict()) if portion else PortionRow()
