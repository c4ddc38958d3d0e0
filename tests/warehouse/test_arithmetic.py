"""Money in SQL equals money in Python, to the last digit, or fails aloud."""

from decimal import Decimal, getcontext, localcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.errors import WarehouseError

SCALE = 36
# The rule of the warehouse: a bare product of decimals wraps silently, so it stands behind this guard. Scale 48
# leaves 28 digits before the point, and the bound keeps a rounding of the float on the safe side.
GUARDED = """
WITH toDecimal256(a, 24) AS x, toDecimal256(b, 24) AS y
SELECT if(throwIf(abs(toFloat64(x) * toFloat64(y)) >= 1e27, 'product out of range') = 0, x * y, NULL)
FROM values('a String, b String', {rows})
"""


def _decimals(*, digits: int, scale: int, below: str) -> st.SearchStrategy[Decimal]:
    """Up to `digits` significant digits, up to `scale` decimals, of a size below `below`."""
    return st.tuples(st.integers(-(10**digits) + 1, 10**digits - 1), st.integers(0, scale)).map(
        lambda pair: (
            Decimal(pair[0]).scaleb(-pair[1])
            if abs(Decimal(pair[0]).scaleb(-pair[1])) < Decimal(below)
            else Decimal(pair[0] % 1000)
        )
    )


@pytest.fixture(autouse=True)
def _precision() -> object:
    with localcontext() as context:
        context.prec = 100
        yield getcontext()


slow = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@slow
@given(amounts=st.lists(_decimals(digits=38, scale=SCALE, below="1e30"), min_size=1, max_size=60))
async def test_a_sum_equals_pythons(warehouse: Warehouse, amounts: list[Decimal]) -> None:
    sql = "SELECT sum(toDecimal256(x, 36)) FROM (SELECT arrayJoin({amounts:Array(String)}) AS x)"
    with localcontext() as context:
        context.prec = 100
        assert await warehouse.value(sql, {"amounts": [f"{amount:f}" for amount in amounts]}) == sum(amounts)


@slow
@given(amounts=st.lists(_decimals(digits=38, scale=SCALE, below="1e30"), min_size=1, max_size=60))
async def test_what_is_stored_is_what_was_sent(warehouse: Warehouse, amounts: list[Decimal]) -> None:
    await warehouse.command("CREATE TABLE IF NOT EXISTS m (n UInt64, d Decimal(76, 36)) ENGINE = MergeTree ORDER BY n")
    await warehouse.command("TRUNCATE TABLE m")
    body = b"".join(b'{"n": %d, "d": "%s"}\n' % (n, f"{amount:f}".encode()) for n, amount in enumerate(amounts))
    await warehouse.insert_json("m", body)
    stored = [row[0] for row in await warehouse.rows("SELECT d FROM m ORDER BY n")]
    assert stored == amounts


@slow
@given(
    pairs=st.lists(
        st.tuples(_decimals(digits=26, scale=24, below="1e13"), _decimals(digits=26, scale=24, below="1e13")),
        min_size=1,
        max_size=20,
    )
)
async def test_a_guarded_product_equals_pythons(warehouse: Warehouse, pairs: list[tuple[Decimal, Decimal]]) -> None:
    rows = ", ".join(f"('{a:f}', '{b:f}')" for a, b in pairs)
    got = [row[0] for row in await warehouse.rows(GUARDED.format(rows=rows))]
    with localcontext() as context:
        context.prec = 100
        assert got == [a * b for a, b in pairs]


@slow
@given(
    a=_decimals(digits=38, scale=8, below="1e30"),
    b=_decimals(digits=38, scale=8, below="1e30"),
)
async def test_a_product_is_exact_or_an_error_and_never_wrapped(warehouse: Warehouse, a: Decimal, b: Decimal) -> None:
    with localcontext() as context:
        context.prec = 100
        try:
            got = await warehouse.value(GUARDED.format(rows=f"('{a:f}', '{b:f}')"))
        except WarehouseError as error:
            assert abs(a * b) >= Decimal("9.99e26"), error  # noqa: PT017
        else:
            assert got == a * b


async def test_a_bare_product_of_narrow_decimals_wraps_which_is_why(warehouse: Warehouse) -> None:
    wrapped = await warehouse.value("SELECT toDecimal128('12345.5', 18) * toDecimal128('60000.25', 18)")
    assert wrapped != Decimal("12345.5") * Decimal("60000.25")
