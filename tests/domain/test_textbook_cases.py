"""Published cases, each with its source. What they print rounded is compared rounded."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from holdfast.domain.ledger.entries import priced
from holdfast.domain.returns.answers import RateOfReturn, Unavailable, Window
from holdfast.domain.returns.book import to_book
from holdfast.domain.returns.dietz import modified_dietz
from holdfast.domain.returns.money_weighted import money_weighted_return
from holdfast.domain.returns.time_weighted import time_weighted_return
from holdfast.warehouse.client import Warehouse
from tests.domain.world_of_one import ZERO, day, valued_portfolio


def moment(year: int, month: int, of_month: int) -> datetime:
    return datetime(year, month, of_month, tzinfo=UTC)


EXCEL = [
    (moment(2008, 1, 1), -10000),
    (moment(2008, 3, 1), 2750),
    (moment(2008, 10, 30), 4250),
    (moment(2009, 2, 15), 3250),
    (moment(2009, 4, 1), 2750),
]


def excel_answer() -> RateOfReturn | Unavailable:
    """The last payment is the value at the end."""
    *paid, (end, worth) = EXCEL
    flows = [(at, "0", str(-amount)) for at, amount in paid]
    return money_weighted_return(valued_portfolio(None, flows, str(worth), window=Window(None, end)))


def test_xirr_of_the_excel_manual() -> None:
    """Microsoft, support page of the XIRR function: 0.373362535, or 37.34 %."""
    answer = excel_answer()
    assert isinstance(answer, RateOfReturn)
    assert answer.annual
    assert round(answer.rate, 9) == Decimal("0.373362534")  # printed ...535; Excel stops at 1e-8


async def test_xirr_is_the_warehouses(warehouse: Warehouse) -> None:
    """ClickHouse's own financialInternalRateOfReturnExtended, on the same payments."""
    answer = excel_answer()
    amounts = ", ".join(f"{amount}." for _, amount in EXCEL)
    dates = ", ".join(f"toDate('{at:%Y-%m-%d}')" for at, _ in EXCEL)
    theirs = await warehouse.value(f"SELECT financialInternalRateOfReturnExtended([{amounts}], [{dates}])")
    assert isinstance(answer, RateOfReturn)
    assert abs(float(answer.rate) - theirs) < 1e-9


def test_money_weighted_return_of_the_cfa_curriculum() -> None:
    """CFA Program Curriculum, Level I, Rates and Returns: −100, −950, +350, +1,270 a year apart give 26.11 %."""
    flows = [(day(0), "0", "100"), (day(365), "0", "950"), (day(730), "0", "-350")]
    answer = money_weighted_return(valued_portfolio(None, flows, "1270", window=Window(None, day(1095))))
    assert isinstance(answer, RateOfReturn)
    assert round(answer.rate, 4) == Decimal("0.2611")


@pytest.mark.parametrize(("flow", "end"), [("100000", "1192328"), ("-100000", "1003440")])
def test_time_weighted_return_of_two_investors_is_one(flow: str, end: str) -> None:
    """Investopedia, "Time-weighted rate of return": 16.25 % and −5.56 %, 9.79 % for who pays in and who takes out."""
    start, change, close = moment(2020, 12, 31), moment(2021, 8, 15), moment(2021, 12, 31)
    book = valued_portfolio("1000000", [(change, "1162484", flow)], end, window=Window(start, close))
    # The fund's unit is worth 1 throughout: what it earned is a mark before the flow.
    mark = priced(
        change - timedelta(minutes=1), "s", ("fund", "asset"), delta=ZERO, held=Decimal(1162484), price=Decimal(1)
    )
    book = to_book([mark, *book.entries], opening=book.opening, closing=book.closing, window=book.window)
    answer = time_weighted_return(book)
    assert isinstance(answer, RateOfReturn)
    assert round(answer.rate, 4) == Decimal("0.0979")


def test_modified_dietz_of_the_encyclopedia() -> None:
    """Wikipedia, "Modified Dietz method": 100 at the start of two years, 50 paid in halfway, 300 at the end: 120 %."""
    book = valued_portfolio("100", [(day(365), "0", "50")], "300", window=Window(day(0), day(730)))
    answer = modified_dietz(book)
    assert isinstance(answer, RateOfReturn)
    assert answer.rate == Decimal("1.2")
    assert not answer.annual


def test_flows_of_one_sign_have_no_rate() -> None:
    """Everything lost: −100 % would be a limit, and 0 a lie."""
    book = valued_portfolio(None, [(day(0), "0", "100"), (day(9), "0", "50")], "0", window=Window(None, day(99)))
    answer = money_weighted_return(book)
    assert isinstance(answer, Unavailable)
    assert answer.reason == "same_sign"


def test_two_rates_are_none() -> None:
    """The pump of Lorie and Savage (1955): −1,600, +10,000, −10,000 is solved by 25 % and by 400 %."""
    flows = [(day(0), "0", "1600"), (day(365), "0", "-10000"), (day(730), "0", "10000")]
    answer = money_weighted_return(valued_portfolio(None, flows, "0", window=Window(None, day(1000))))
    assert isinstance(answer, Unavailable)
    assert answer.reason == "several_solutions"


def test_a_few_hours_have_no_yearly_rate() -> None:
    book = valued_portfolio(None, [(day(0.1), "0", "100")], "101", window=Window(None, day(0.5)))
    answer = money_weighted_return(book)
    assert isinstance(answer, Unavailable)
    assert answer.reason == "too_short"


def test_nothing_invested_has_no_rate() -> None:
    book = to_book([], opening=(), closing=(), window=Window(None, day(9)))
    for answer in (time_weighted_return(book), modified_dietz(book), money_weighted_return(book)):
        assert isinstance(answer, Unavailable)
        assert answer.reason == "no_capital"


def test_more_debt_than_assets_has_no_rate() -> None:
    flows = [(day(1), "-50", "200")]
    answer = time_weighted_return(valued_portfolio("-100", flows, "200", window=Window(day(0), day(9))))
    assert isinstance(answer, Unavailable)
    assert answer.reason == "negative_capital"
