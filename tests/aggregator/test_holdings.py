"""The digest of a statement's holdings: equal only where nothing moved."""

from decimal import Decimal

from holdfast.domain.balances import Balance
from services.aggregator.holdings import holdings_digest


def eth(amount: str | None, **more: object) -> Balance:
    stated = {"asset": "eth", "kind": "wallet", "amount": None if amount is None else Decimal(amount)} | more
    return Balance(**stated)  # type: ignore[arg-type]


def test_prices_names_and_the_order_of_lines_do_not_move_it() -> None:
    usdc = Balance(asset="usdc", kind="deposit", amount=Decimal(5))
    dearer = eth("1", price=Decimal(2000), value=Decimal(2000), symbol="ETH", currency="iso4217:EUR")
    assert holdings_digest([eth("1"), usdc]) == holdings_digest([usdc, dearer])


def test_whatever_the_ledger_counts_moves_it() -> None:
    others = [
        [],
        [eth("2")],
        [eth(None)],
        [eth("1", side="debt")],
        [eth("1", kind="deposit")],
        [eth("1", asset=None)],
        [eth("1", reason="excluded")],
        [eth("1"), eth("1")],
        [eth("0")],
        [eth("0", value=Decimal(5))],
    ]
    digests = [holdings_digest(balances) for balances in ([eth("1")], *others)]
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 32 for digest in digests)
