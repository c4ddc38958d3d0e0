"""What every return method answers: itself, or why it cannot. A wrong number is never an answer, and neither is 0."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from holdfast.domain.balances import Side
from holdfast.domain.exact import difference

CostMethod = Literal["average_cost", "fifo", "lifo", "hifo"]
Method = Literal["simple", "average_cost", "fifo", "lifo", "hifo", "time_weighted", "modified_dietz", "money_weighted"]

Why = Literal[
    "not_observed",  # no source had said anything by the end of the window
    "no_price",  # a flow or a holding has no price in the 24 hours before
    "stale",  # it had one, but it is older
    "rate_limited",  # its feed was refused for asking too often: the price is late, not missing
    "low_liquidity",  # its provider does not trust the price that it states
    "excluded",  # its provider leaves the line out of its own totals
    "unreadable",  # its provider said something that could not be read
    "negative_amount",  # its provider said that there is less than nothing of it
    "out_of_range",  # it, or the rate, is 10^40 or more: Decimal(76, 36) does not hold it
    "no_rate",  # no rate into the currency, at most 5 days old
    "value_only",  # a source states values without amounts: it has no flows
    "no_capital",  # nothing was ever invested in the window
    "negative_capital",  # debt exceeded assets: a rate of return has no meaning
    "same_sign",  # all flows go one way: no rate discounts them to zero
    "too_short",  # an annual rate of less than a day
    "no_solution",  # no rate solves its equation
    "several_solutions",  # several do, or one that counts twice
    "oversold",  # more went out than was held: the transfer feed is incomplete
]


class Window(NamedTuple):
    """Flows count with start < at ≤ end; None is from the beginning."""

    start: datetime | None
    end: datetime


class CashFlow(Struct, frozen=True, gc=False):
    """Money into (+) or out of (−) what is measured, in the currency of the answer."""

    at: datetime
    value: Decimal


class Movement(Protocol):
    """The flow of one asset at one instant, over all sources: an entry of the ledger, where nothing else moved then."""

    @property
    def at(self) -> datetime: ...
    @property
    def asset(self) -> str: ...
    @property
    def side(self) -> Side: ...
    @property
    def delta(self) -> Decimal: ...
    @property
    def value(self) -> Decimal | None: ...
    @property
    def reason(self) -> str: ...


class Netted(Struct, frozen=True, gc=False):
    """The movement that several entries of one instant are together: what moved between sources has cancelled."""

    at: datetime
    asset: str
    side: Side
    delta: Decimal
    value: Decimal | None
    reason: str = ""


class Missing(NamedTuple):
    """An input that was not there."""

    asset: str
    side: Side
    at: datetime
    reason: str


class Unavailable(Struct, frozen=True, kw_only=True):
    """No answer, and why."""

    method: Method
    window: Window
    currency: str
    reason: Why
    detail: str
    """A sentence for people."""
    missing: tuple[Missing, ...] = ()
    covered: Decimal | None = None
    """With `value_only`: the share of the value that is stated with amounts, 0 to 1; None if nothing is valued."""


class SimpleReturn(Struct, frozen=True, kw_only=True):
    """gain = closing − opening − Σ flows, in `currency`."""

    method: Method = "simple"
    window: Window
    currency: str
    held: Decimal | None
    """At the end, of the one asset; None for a sum over assets."""
    opening: Decimal
    closing: Decimal
    invested: Decimal
    """Σ flows in the window."""
    gain: Decimal
    flows: Sequence[Movement]


class Disposal(NamedTuple):
    """One sale, or one repayment of debt, and what it realised: proceeds − cost."""

    asset: str
    side: Side
    at: datetime
    quantity: Decimal
    proceeds: Decimal
    cost: Decimal

    @property
    def gain(self) -> Decimal:
        return difference(self.proceeds, self.cost)


class Lot(NamedTuple):
    """What is left of one acquisition. Of average cost there is one for all, opened with the first."""

    asset: str
    side: Side
    opened_at: datetime
    quantity: Decimal
    cost: Decimal


class CostBasisReturn(Struct, frozen=True, kw_only=True):
    """gain = realised + (unrealised − unrealised_opening); equals the simple return. In `currency`."""

    method: CostMethod
    window: Window
    currency: str
    held: Decimal | None
    cost: Decimal
    """Of what is still held at the end."""
    realised: Decimal
    """In the window; lots keep what they cost before it."""
    unrealised: Decimal
    """At the end: worth − cost."""
    unrealised_opening: Decimal
    """At the start; 0 from the beginning."""
    gain: Decimal
    flows: Sequence[Movement]
    disposals: tuple[Disposal, ...] = ()
    """On request, those of the window, in order of time."""
    lots: tuple[Lot, ...] = ()
    """On request, in order of opening."""


class RateOfReturn(Struct, frozen=True, kw_only=True):
    """`rate` is a fraction: 0.05 is 5 %."""

    method: Literal["time_weighted", "modified_dietz", "money_weighted"]
    window: Window
    currency: str
    rate: Decimal
    annual: bool
    """True for a rate per year of 365 days, False for one over the whole window."""
    opening: Decimal
    closing: Decimal
    flows: tuple[CashFlow, ...]
