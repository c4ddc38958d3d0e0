"""Every way in which a stored row may be wrong, each done to a row of its own: one rebuild has to tell them all."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from msgspec import Struct

from holdfast.rebuild import Finding
from holdfast.warehouse.client import Warehouse
from tests.rebuild.stage import START, WALLETS

BESIDE = "eip155:1:0x" + "3" * 40
"""A wallet in no portfolio."""
LEAST = Decimal("1e-36")
_SUM_ONLY = "equal in sum, not in what it is made of"
_NEWER = "version + 1 AS version"


class Damage(Struct, frozen=True, kw_only=True):
    """A row that is replaced by a wrong one, or taken out, and what a rebuild says of it."""

    what: str
    kind: str
    of: str
    wrong: str | None
    """What the stored row says instead; None: there is no such row any more."""
    stored: Decimal | None = None
    derived: Decimal | None = None
    detail: str | None = None
    """None where it is not looked at."""

    async def do(self, warehouse: Warehouse) -> None:
        table, named = _NAMED[self.kind]
        if self.wrong is None:
            await warehouse.command(f"DELETE FROM {table} WHERE {named} = {{of:String}}", {"of": self.of})
            return
        await warehouse.command(
            f"INSERT INTO {table} SELECT * REPLACE ({self.wrong}) FROM {table} FINAL WHERE {named} = {{of:String}}",
            {"of": self.of},
        )

    def told_by(self, finding: Finding) -> bool:
        said = (finding.kind, finding.stored, finding.derived)
        return said == (self.kind, self.stored, self.derived) and self.detail in {None, finding.detail}


# How a finding names a row.
_NAMED = {
    "line": ("balances", "concat(source, ', ', toString(observed_at), ', line ', toString(line))"),
    "total": ("portfolio_totals", "concat(tenant, '/', portfolio, ', ', toString(bucket))"),
    "latest": ("latest_snapshots", "source"),
}


def source(wallet: str) -> str:
    return f"acme/evm/{wallet}/wallet"


def line(wallet: str, hour: int, number: int) -> str:
    return f"{source(wallet)}, {START + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}.000, line {number}"


def point(portfolio: str, hour: int) -> str:
    return f"acme/{portfolio}, {START + timedelta(hours=hour):%Y-%m-%d %H:00:00}"


def _known(kind: str) -> Callable[..., Damage]:
    def damage(what: str, of: str, wrong: str | None, **told: Decimal | int | str | None) -> Damage:
        told |= {key: Decimal(said) for key, said in told.items() if isinstance(said, int)}
        return Damage(what=what, kind=kind, of=of, wrong=wrong, **told)  # type: ignore[arg-type]

    return damage


_line, _point, _latest = _known("line"), _known("total"), _known("latest")
_ONE, _OTHER = WALLETS
_HELD, _LATE, _OWED = Decimal(3000), Decimal("3150.75"), Decimal(8)
_NET = 2 * (_HELD - _OWED)
_NO_VALUE, _NO_PRICE = (f"CAST(NULL, 'Nullable(Decimal(76, 36))') AS {what}_usd" for what in ("value", "price"))

# Line 0 is valued by a feed, at 2000 and in hour 3 at 2100.5; of line 1 a value is stated and no price.
LINES = (
    _line("wrong in its own version", line(_ONE, 0, 0), "toDecimal256(1, 36) AS value_usd", stored=1, derived=_HELD),
    _line(
        "wrong in a version of the future", line(_OTHER, 0, 0),
        "toDecimal256(1, 36) AS value_usd, version + 9 AS version", stored=1, derived=_HELD,
    ),
    _line(
        "too great by the least", line(_ONE, 1, 0),
        f"value_usd + toDecimal256('{LEAST:f}', 36) AS value_usd", stored=Decimal(f"3000.{1:036}"), derived=_HELD,
    ),
    _line(
        "too small by the least", line(_OTHER, 1, 0),
        f"value_usd - toDecimal256('{LEAST:f}', 36) AS value_usd", stored=Decimal("2999." + "9" * 36), derived=_HELD,
    ),
    _line("without its value", line(_ONE, 3, 0), f"{_NO_VALUE}, {_NEWER}", derived=_LATE),
    _line("without its price", line(_OTHER, 3, 0), f"{_NO_PRICE}, {_NEWER}", stored=_LATE, derived=_LATE),
    _line(
        "with another value than is stated", line(_ONE, 0, 1),
        f"toDecimal256(9, 36) AS value_usd, {_NEWER}", stored=9, derived=_OWED,
    ),
    _line(
        "with a price where none is stated", line(_ONE, 1, 1),
        f"toDecimal256(1, 36) AS price_usd, {_NEWER}", stored=_OWED, derived=_OWED,
    ),
    _line(
        "wrong, and summed into its point", line(_OTHER, 1, 1),
        f"value_usd + 5 AS value_usd, {_NEWER}", stored=13, derived=_OWED,
    ),
)  # fmt: skip
POINTS = (
    _point(
        "wrong in its own version", point("both", 0),
        "net + 1 AS net, computed_at + INTERVAL 1 SECOND AS computed_at", stored=_NET + 1, derived=_NET, detail="",
    ),
    _point(
        "summed from a wrong line, with which it agrees", point("both", 1),
        f"debt + 5 AS debt, net - 5 AS net, {_NEWER}", stored=_NET - 5, derived=_NET, detail="",
    ),
    _point(
        "wrong in a newer version", point("both", 3),
        f"net + 1 AS net, {_NEWER}, computed_at + INTERVAL 1 SECOND AS computed_at",
        stored=2 * (_LATE - _OWED) + 1, derived=2 * (_LATE - _OWED), detail="",
    ),
    _point(
        "with one wrong key in its breakdown", point("one", 0),
        "arrayMap(x -> (x.1, x.2, x.3, x.4, x.5, if(x.1 = 'kind' AND x.2 = 'wallet', x.6 + 1, x.6)), breakdown) "
        f"AS breakdown, {_NEWER}", stored=_HELD - _OWED, derived=_HELD - _OWED, detail=_SUM_ONLY,
    ),
    _point("missing", point("one", 3), None, derived=_LATE - _OWED, detail="no such point is stored"),
)  # fmt: skip
_ANOTHER = f"'{'0' * 32}' AS snapshot_id"
SOURCES = (
    _latest("another in its own rank", source(_ONE), _ANOTHER),
    _latest("another in a greater rank", source(_OTHER), f"{_ANOTHER}, rank + 1 AS rank"),
    _latest("missing", source(BESIDE), None),
)
DAMAGES = (*LINES, *POINTS, *SOURCES)
