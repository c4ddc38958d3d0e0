"""What is held of one asset and what it cost, by each of the methods. Runs under `@exactly`."""

from decimal import Decimal

from holdfast.domain.returns.answers import CostMethod, Disposal, Lot
from holdfast.domain.returns.lots import cost_of_lots, lots_disposed, lots_left
from holdfast.domain.returns.orders import ORDERS
from holdfast.domain.returns.pool import cost_of_pool, pool_disposed, pool_left
from holdfast.domain.returns.trades import Trades


def cost_left(trades: Trades, method: CostMethod) -> Decimal:
    """Of what is held in the end."""
    return cost_of_pool(trades) if method == "average_cost" else cost_of_lots(trades, ORDERS[method](trades))


def left(trades: Trades, method: CostMethod) -> tuple[Lot, ...]:
    """In order of opening."""
    return pool_left(trades) if method == "average_cost" else lots_left(trades, ORDERS[method](trades))


def disposed(trades: Trades, method: CostMethod) -> list[Disposal]:
    """In order of time."""
    return pool_disposed(trades) if method == "average_cost" else lots_disposed(trades, ORDERS[method](trades))
