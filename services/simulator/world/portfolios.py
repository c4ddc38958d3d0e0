"""Who registers what: tenants, and portfolios of accounts and of portfolios."""

from collections.abc import Sequence

from msgspec import Struct

from services.simulator.world.custody import Custody
from services.simulator.world.tokenised import Participant
from services.simulator.world.wallets import COHORT, Wallet

_FUND_SIZE = 50


class Portfolio(Struct, frozen=True, kw_only=True):
    tenant: str
    id: str
    name: str
    wallets: tuple[Wallet, ...]
    """Its own; those of nested portfolios come on top, each account once."""
    nested: tuple[str, ...] = ()
    custodies: tuple[Custody, ...] = ()
    participants: tuple[Participant, ...] = ()
    funds: tuple[Wallet, ...] = ()


def build_portfolios(
    wallets: Sequence[Wallet],
    custodies: Sequence[Custody],
    participants: Sequence[Participant],
    funds: Sequence[Wallet],
) -> tuple[Portfolio, ...]:
    """Three portfolios of the first twelve wallets, one of what is in custody, one of tokenised securities, one of
    a fund, one of another tenant, and funds of fifty for the rest.

    `group` holds both others, which share a wallet: it counts once. `orchard` tracks an address that
    `demo` tracks too.
    """
    return (
        Portfolio(tenant="demo", id="treasury", name="Treasury", wallets=tuple(wallets[:6])),
        Portfolio(tenant="demo", id="trading", name="Trading desk", wallets=(wallets[2], *wallets[6:9])),
        Portfolio(
            tenant="demo",
            id="group",
            name="The whole group",
            wallets=tuple(wallets[9:12]),
            nested=("treasury", "trading"),
        ),
        Portfolio(tenant="demo", id="custody", name="In custody", wallets=(), custodies=tuple(custodies)),
        Portfolio(
            tenant="demo",
            id="tokenised",
            name="Tokenised securities",
            wallets=(),
            participants=tuple(participants),
        ),
        Portfolio(tenant="demo", id="research", name="Research fund", wallets=(), funds=tuple(funds)),
        Portfolio(tenant="orchard", id="savings", name="Savings", wallets=(wallets[5], wallets[6])),
        *_funds(wallets[len(COHORT) :]),
    )


def _funds(wallets: Sequence[Wallet]) -> list[Portfolio]:
    return [
        Portfolio(
            tenant="demo",
            id=f"fund-{number:04}",
            name=f"Fund {number}",
            wallets=tuple(wallets[start : start + _FUND_SIZE]),
        )
        for number, start in enumerate(range(0, len(wallets), _FUND_SIZE), 1)
    ]
