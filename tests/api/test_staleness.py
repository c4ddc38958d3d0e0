"""How long a source may be silent: by the interval of its balances, whatever else is fetched of the account."""

from datetime import UTC, datetime, timedelta

from holdfast.registry.records import Account, SourceSetting
from holdfast.registry.state import RegistryState
from services.api.native.totals.valued import stale_sources

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = f"eip155:1:0x{'a' * 40}"
SOURCE = f"acme/evm/{ACCOUNT}/wallet"


def fetched_every(**seconds: int) -> RegistryState:
    sources = tuple(
        SourceSetting(provider="evm", feed=feed, scope="wallet", every_s=every, counted=feed == "balances")
        for feed, every in seconds.items()
    )
    account = Account(tenant="acme", id=ACCOUNT, spelling=ACCOUNT, label="", sources=sources, created_at=NOW)
    return RegistryState(revision=1, accounts={("acme", ACCOUNT): account})


def is_stale(registry: RegistryState, age_s: int) -> bool:
    return SOURCE in stale_sources(registry, "acme", {SOURCE: NOW - timedelta(seconds=age_s)}, at=NOW)


def test_a_slower_feed_of_the_same_account_lends_no_patience() -> None:
    registry = fetched_every(balances=300, transfers=900)
    assert (is_stale(registry, 900), is_stale(registry, 901)) == (False, True)


def test_a_faster_feed_of_the_same_account_takes_none() -> None:
    assert not is_stale(fetched_every(balances=900, transfers=60), 2700)
