"""The store against a real server: rules, races, and outcomes that are unknown."""

import asyncio
from datetime import UTC, datetime

import pytest

from holdfast.messaging.bucket import Bucket, BucketUnavailableError
from holdfast.messaging.connection import Connection
from holdfast.registry.commands import SourceChoice
from holdfast.registry.errors import RegistryError, UsedUpError
from holdfast.registry.keys import authenticate
from holdfast.registry.records import Member
from holdfast.registry.state import counted_sources, memberships
from holdfast.registry.store import RegistryStore
from holdfast.registry.writer import RegistryWriter
from tests.registry.catalogue import CATALOGUE, OTHER, WALLET
from tests.registry.conftest import StoppedClock


async def test_a_portfolio_is_built_from_nothing(store: RegistryStore) -> None:
    await store.create_tenant("acme", name="Acme GmbH")
    await store.add_account("acme", "eip155:1:0x742d35Cc6634C0532925a3b844Bc9e7595f0bEb5".lower(), label="main")
    await store.create_portfolio("acme", "treasury", base_currency="eur", members=[Member(account=WALLET)])

    state = await store.read()

    assert state.portfolios["acme", "treasury"].base_currency == "iso4217:EUR"
    found = counted_sources(state, "acme", "treasury")
    assert [counted.source.id for counted in found] == [f"acme/alpha/{WALLET}/wallet"]
    assert state.revision == 3


async def test_what_another_store_wrote_is_seen(
    connection: Connection, store: RegistryStore, clock: StoppedClock
) -> None:
    other = RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE)
    await store.create_tenant("acme")
    await other.create_tenant("zen")
    await store.create_portfolio("zen", "all")

    with pytest.raises(RegistryError, match="exists already"):
        await other.create_portfolio("zen", "all")
    assert set((await store.read()).tenants) == {"acme", "zen"}


async def test_two_writers_cannot_close_a_cycle_together(
    connection: Connection, store: RegistryStore, clock: StoppedClock
) -> None:
    other = RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE)
    await store.create_tenant("acme")
    await store.create_portfolio("acme", "a")
    await store.create_portfolio("acme", "b")
    await other.read()

    outcomes = await asyncio.gather(
        store.add_member("acme", "a", Member(portfolio="b")),
        other.add_member("acme", "b", Member(portfolio="a")),
        return_exceptions=True,
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, RegistryError)]
    assert len(refused) == 1
    assert "within itself" in refused[0].message


async def test_rivals_all_get_their_write_in(connection: Connection, clock: StoppedClock) -> None:
    stores = [RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE) for _ in range(4)]
    await stores[0].create_tenant("acme")

    await asyncio.gather(*(stores[n % 4].create_portfolio("acme", f"p{n}") for n in range(24)))

    assert len((await stores[0].read()).portfolios) == 24


async def test_of_two_who_create_the_same_tenant_one_is_told(connection: Connection, clock: StoppedClock) -> None:
    stores = [RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE) for _ in range(2)]

    outcomes = await asyncio.gather(*(s.create_tenant("acme") for s in stores), return_exceptions=True)

    assert [isinstance(outcome, RegistryError) for outcome in outcomes].count(True) == 1


async def test_a_write_that_changes_nothing_writes_nothing(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    await store.add_account("acme", WALLET)
    before = store.revision

    await store.add_account("acme", WALLET)

    assert store.revision == before


async def test_adding_an_account_again_keeps_its_pauses(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    await store.add_account("acme", WALLET, sources=[SourceChoice(provider="beta")])
    await store.pause_source(
        tenant="acme", provider="beta", feed="balances", target=WALLET, scope="wallet", why="CredentialsRejected: 50111"
    )

    account = await store.add_account("acme", WALLET, label="renamed")

    assert account.label == "renamed"
    assert [source.paused for source in account.sources] == ["CredentialsRejected: 50111"]


async def test_resuming_a_source_undoes_its_pause(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    before = await store.add_account("acme", WALLET)
    source = {"tenant": "acme", "provider": "alpha", "feed": "balances", "target": WALLET, "scope": "wallet"}
    await store.pause_source(**source, why="asked to")

    assert await store.resume_source(**source) == before


async def test_pausing_what_is_not_fetched_is_refused(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    with pytest.raises(RegistryError) as refused:
        await store.pause_source(tenant="acme", provider="alpha", feed="balances", target=OTHER, scope="x", why="y")
    assert refused.value.field == "source"


async def test_a_watch_is_paused_like_a_source(store: RegistryStore) -> None:
    await store.put_watch("public", provider="quotes", feed="prices", target="all")
    await store.pause_source(tenant="public", provider="quotes", feed="prices", target="all", scope="", why="402")

    state = await store.read()

    assert [watch.paused for watch in state.watches.values()] == ["402"]
    assert [watch.every_s for watch in state.watches.values()] == [60]


async def test_two_writers_cannot_watch_more_than_is_allowed_together(
    connection: Connection, store: RegistryStore, clock: StoppedClock
) -> None:
    other = RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE)
    await other.read()
    outcomes = await asyncio.gather(
        store.put_watch("public", provider="quotes", feed="prices", target="one", at_most=1),
        other.put_watch("public", provider="quotes", feed="prices", target="two", at_most=1),
        return_exceptions=True,
    )

    [kept] = (await store.read()).watches.values()
    assert [type(outcome) for outcome in outcomes if outcome != kept] == [UsedUpError]
    again = await store.put_watch(
        "public", provider="quotes", feed="prices", target=kept.target, every_s=120, at_most=1
    )
    assert again.every_s == 120, "one that is there takes no more room"


async def test_a_removed_account_is_gone_and_may_come_back(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    await store.add_account("acme", WALLET)
    await store.remove_account("acme", WALLET.upper().replace("EIP155", "eip155").replace("0X", "0x"))
    assert not (await store.read()).accounts

    await store.add_account("acme", WALLET)

    assert ("acme", WALLET) in (await store.read()).accounts


async def test_an_account_in_a_portfolio_is_not_removed_under_it(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    await store.add_account("acme", WALLET)
    await store.create_portfolio("acme", "p", members=[Member(account=WALLET)])

    with pytest.raises(RegistryError, match="member of 'p'"):
        await store.remove_account("acme", WALLET)

    await store.remove_member("acme", "p", WALLET)
    await store.remove_account("acme", WALLET)
    assert not (await store.read()).accounts


async def test_an_ended_membership_stays_history(store: RegistryStore) -> None:
    leave = datetime(2026, 2, 1, tzinfo=UTC)
    await store.create_tenant("acme")
    await store.add_account("acme", WALLET)
    await store.create_portfolio("acme", "p", members=[Member(account=WALLET)])

    await store.end_member("acme", "p", WALLET, at=leave)

    [membership] = memberships(await store.read(), "acme", "p")
    assert (membership.valid_from, membership.valid_to) == (None, leave)


async def test_a_key_authenticates_until_it_is_revoked(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    key, secret = await store.create_key("acme", label="ci")
    assert authenticate((await store.read()).keys, secret.reveal()) == key

    await store.revoke_key("acme", key.id)

    assert authenticate((await store.read()).keys, secret.reveal()) is None


async def test_a_tenant_cannot_revoke_the_key_of_another(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    await store.create_tenant("zen")
    key, _ = await store.create_key("acme")
    with pytest.raises(RegistryError) as refused:
        await store.revoke_key("zen", key.id)
    assert refused.value.field == "key"


async def test_a_refused_command_stores_nothing(store: RegistryStore) -> None:
    await store.create_tenant("acme")
    before = store.revision
    wrong_checksum = "eip155:1:0x742d35Cc6634C0532925a3b844Bc9e7595f0beB5"
    for wish in (
        store.add_account("acme", wrong_checksum),
        store.add_account("nobody", WALLET),
        store.create_portfolio("acme", "Not a name"),
        store.create_key("acme", portfolio="missing"),
        store.put_watch("acme", provider="nope", feed="prices", target="x"),
    ):
        with pytest.raises(RegistryError):
            await wish
    assert (await store.read()).revision == before


async def test_a_write_with_an_unknown_outcome_is_one_write(connection: Connection, clock: StoppedClock) -> None:
    """The first publish is stored, but its answer is lost."""

    class AnswerLost(Bucket):
        lost = False

        async def write(self, *args: object, **kwargs: object) -> int:
            revision = await super().write(*args, **kwargs)  # type: ignore[arg-type]
            if not self.lost:
                self.lost = True
                raise BucketUnavailableError("the answer is lost")
            return revision

    store = RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE)
    store._writer = RegistryWriter(AnswerLost(connection.js, "registry"), deadline_s=5)

    assert (await store.create_tenant("acme")).id == "acme"
    assert store.revision == 1


async def test_a_store_without_its_bucket_says_so(
    nats_settings: object, connection: Connection, clock: StoppedClock
) -> None:
    await connection.js.delete_stream("KV_registry")
    store = RegistryStore(connection.js, clock=clock, catalogue=CATALOGUE, deadline_s=0.1)
    with pytest.raises(BucketUnavailableError):
        await store.create_tenant("acme")
