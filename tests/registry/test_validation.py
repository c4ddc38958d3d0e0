"""Every rule names the field and the fix."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from holdfast.domain.accounts import parse_account
from holdfast.registry.codec import decode, encode
from holdfast.registry.commands import SourceChoice
from holdfast.registry.errors import RegistryError
from holdfast.registry.kv_keys import key_of
from holdfast.registry.records import Account, ApiKey, Member, Portfolio, Tenant, Watch
from holdfast.registry.state import RegistryState
from holdfast.registry.validation import (
    checked_account_id,
    checked_currency,
    checked_portfolio,
    checked_sources,
    checked_watch,
    new_key,
    new_tenant,
    removable_portfolio,
)
from tests.registry.catalogue import CATALOGUE, OTHER, SOLANA, WALLET

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
TENANT = Tenant(id="acme", name="Acme", created_at=NOW)


def portfolio(id_: str, *members: Member, currency: str = "USD") -> Portfolio:
    return Portfolio(tenant="acme", id=id_, name=id_, base_currency=currency, members=members, created_at=NOW)


def state(*portfolios: Portfolio) -> RegistryState:
    account = Account(tenant="acme", id=WALLET, spelling=WALLET, sources=(), created_at=NOW)
    return RegistryState(
        tenants={"acme": TENANT},
        accounts={("acme", WALLET): account},
        portfolios={("acme", one.id): one for one in portfolios},
    )


@pytest.mark.parametrize("share", ["0", "0.2", "1E-36", "1000000"])
def test_a_portfolio_may_say_how_far_its_total_may_move(share: str) -> None:
    wish = replace(portfolio("a"), jump_ratio=Decimal(share))
    assert checked_portfolio(state(), wish).jump_ratio == Decimal(share)


@pytest.mark.parametrize("share", ["-0.01", "1000001", "1E-37", "1E+80", "NaN", "Infinity"])
def test_what_no_total_may_move_by_is_refused(share: str) -> None:
    with pytest.raises(RegistryError) as refused:
        checked_portfolio(state(), replace(portfolio("a"), jump_ratio=Decimal(share)))
    assert refused.value.field == "jump_ratio"
    assert "aggregator.guards.jump_ratio" in refused.value.fix


def test_a_portfolio_of_before_says_nothing_of_jumps() -> None:
    stored = b'{"tenant":"acme","id":"a","name":"A","members":[],"created_at":"2026-01-01T00:00:00Z"}'
    before = decode(key_of(portfolio("a")), stored)
    assert isinstance(before, Portfolio)
    assert before.jump_ratio is None
    said = replace(before, jump_ratio=Decimal("0.050"))
    assert decode(key_of(said), encode(said)) == said


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("USD", "iso4217:USD"),
        ("eur", "iso4217:EUR"),
        ("iso4217:CHF", "iso4217:CHF"),
        ("eip155:1/slip44:60", "eip155:1/slip44:60"),
    ],
)
def test_currencies_have_one_spelling(text: str, canonical: str) -> None:
    assert checked_currency("base_currency", text) == canonical


@pytest.mark.parametrize("text", ["USX", "iso4217:USX", "", "dollars", "iso4217:"])
def test_what_is_no_currency_is_refused(text: str) -> None:
    with pytest.raises(RegistryError) as refused:
        checked_currency("base_currency", text)
    assert refused.value.field == "base_currency"
    assert "ISO 4217" in refused.value.fix


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("eip155:1:0x742d35Cc6634C0532925a3b844Bc9e7595f0beB5", "checksum"),
        ("0x742d35cc6634c0532925a3b844bc9e7595f0beb5", "CAIP-10"),
        ("eip155:0x742d35cc6634c0532925a3b844bc9e7595f0beb5", "needs its chain"),
        ("eip155:1:0x742d", "40 hexadecimal"),
        ("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:0OIl", "Solana"),
        ("", "CAIP-10"),
    ],
)
def test_a_wrong_address_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(RegistryError, match=says) as refused:
        checked_account_id("account", text)
    assert refused.value.field == "account"
    assert refused.value.fix


def test_an_account_gets_every_provider_that_takes_it_and_the_first_counts() -> None:
    sources = checked_sources(CATALOGUE, parse_account(WALLET), [])
    assert [(one.provider, one.scope, one.every_s, one.counted) for one in sources] == [
        ("alpha", "wallet", 300, True),
        ("beta", "wallet", 60, False),
    ]


def test_the_first_listed_counts_unless_another_says_so() -> None:
    beta_first = [SourceChoice(provider="beta"), SourceChoice(provider="alpha")]
    assert [one.counted for one in checked_sources(CATALOGUE, parse_account(WALLET), beta_first)] == [True, False]
    alpha_says = [SourceChoice(provider="beta"), SourceChoice(provider="alpha", counted=True)]
    assert [one.counted for one in checked_sources(CATALOGUE, parse_account(WALLET), alpha_says)] == [False, True]


def test_each_scope_has_its_own_counted_source() -> None:
    choices = [SourceChoice(provider="alpha", scope=scope) for scope in ("wallet", "defi")]
    assert [one.counted for one in checked_sources(CATALOGUE, parse_account(WALLET), choices)] == [True, True]


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ([SourceChoice(provider="nope")], "sources[0].provider"),
        ([SourceChoice(provider="alpha", feed="nope")], "sources[0].feed"),
        ([SourceChoice(provider="alpha", scope="nope")], "sources[0].scope"),
        ([SourceChoice(provider="alpha"), SourceChoice(provider="broker")], "sources[1].provider"),
        ([SourceChoice(provider="alpha", every_s=0)], "sources[0].every_s"),
        ([SourceChoice(provider="alpha"), SourceChoice(provider="alpha")], "sources"),
        ([SourceChoice(provider="alpha", counted=True), SourceChoice(provider="beta", counted=True)], "sources"),
        ([SourceChoice(provider="alpha", counted=False)], "sources"),
        ([SourceChoice(provider="alpha", feed="clusters")], "sources[0].provider"),
    ],
)
def test_a_wrong_source_is_refused_by_its_field(choices: list[SourceChoice], field: str) -> None:
    with pytest.raises(RegistryError) as refused:
        checked_sources(CATALOGUE, parse_account(WALLET), choices)
    assert refused.value.field == field
    assert refused.value.fix


def test_a_chain_that_the_provider_does_not_take_is_refused_with_who_does() -> None:
    with pytest.raises(RegistryError) as refused:
        checked_sources(CATALOGUE, parse_account(SOLANA), [SourceChoice(provider="beta")])
    assert refused.value.fix == "Providers for solana accounts: alpha"


def test_an_account_that_nobody_takes_is_refused() -> None:
    with pytest.raises(RegistryError, match="no provider takes cosmos"):
        checked_sources(CATALOGUE, parse_account("cosmos:hub-4:cosmos1abc"), [])


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ([Member()], "members[0]"),
        ([Member(account=WALLET, portfolio="q")], "members[0]"),
        ([Member(account=OTHER)], "members[0].account"),
        ([Member(portfolio="missing")], "members[0].portfolio"),
        ([Member(account=WALLET, valid_from=datetime(2026, 1, 1))], "members[0].valid_from"),  # noqa: DTZ001
        ([Member(account=WALLET, valid_from=LATER, valid_to=NOW)], "members[0].valid_to"),
        ([Member(account=WALLET, valid_from=NOW, valid_to=NOW)], "members[0].valid_to"),
        ([Member(account=WALLET, valid_to=LATER), Member(account=WALLET, valid_from=NOW)], "members"),
        ([Member(account=WALLET), Member(account=WALLET)], "members"),
    ],
)
def test_a_wrong_member_is_refused_by_its_field(members: list[Member], field: str) -> None:
    with pytest.raises(RegistryError) as refused:
        checked_portfolio(state(portfolio("q")), portfolio("p", *members))
    assert refused.value.field == field


def test_a_member_may_leave_and_come_back() -> None:
    members = (Member(account=WALLET, valid_to=NOW), Member(account=WALLET, valid_from=LATER))
    assert checked_portfolio(state(), portfolio("p", *members)).members == members


def test_a_cycle_is_refused_with_its_path() -> None:
    registry = state(portfolio("a", Member(portfolio="b")), portfolio("b", Member(portfolio="c")), portfolio("c"))
    with pytest.raises(RegistryError, match="c → a → b → c"):
        checked_portfolio(registry, portfolio("c", Member(portfolio="a")))


def test_a_portfolio_within_itself_is_refused() -> None:
    with pytest.raises(RegistryError, match="p → p"):
        checked_portfolio(state(), portfolio("p", Member(portfolio="p")))


def test_a_cycle_in_time_is_a_cycle() -> None:
    registry = state(portfolio("a", Member(portfolio="b", valid_to=NOW)), portfolio("b"))
    with pytest.raises(RegistryError, match="within itself"):
        checked_portfolio(registry, portfolio("b", Member(portfolio="a", valid_from=LATER)))


def test_eight_levels_are_allowed_and_nine_are_not() -> None:
    chain = [portfolio(f"p{n}", *([Member(portfolio=f"p{n - 1}")] if n else [])) for n in range(7)]
    registry = state(*chain)
    eighth = checked_portfolio(registry, portfolio("p7", Member(portfolio="p6")))
    with pytest.raises(RegistryError, match="nested too deep"):
        checked_portfolio(state(*chain, eighth), portfolio("p8", Member(portfolio="p7")))


@pytest.mark.parametrize("name", ["", "Acme", "a.b", "a*", "-a", "a b", "ä", "x" * 64, "a/b"])
def test_a_name_that_cannot_be_a_subject_token_is_refused(name: str) -> None:
    with pytest.raises(RegistryError) as refused:
        new_tenant(RegistryState(), Tenant(id=name, name="x", created_at=NOW))
    assert refused.value.field == "tenant"


def test_the_public_tenant_is_nobodys() -> None:
    with pytest.raises(RegistryError):
        new_tenant(RegistryState(), Tenant(id="public", name="x", created_at=NOW))


def test_a_watch_of_an_account_feed_is_refused() -> None:
    with pytest.raises(RegistryError) as refused:
        checked_watch(
            state(), CATALOGUE, Watch(tenant="acme", provider="alpha", feed="balances", target=WALLET, every_s=60)
        )
    assert refused.value.field == "watch.feed"


def test_prices_are_watched_for_everybody_alone() -> None:
    """They have no tenant in the store: one tenant's would value the lines of the others."""
    watch = Watch(tenant="public", provider="quotes", feed="prices", target="*", every_s=60)
    assert checked_watch(state(), CATALOGUE, watch) is watch
    with pytest.raises(RegistryError, match="everybody's") as refused:
        checked_watch(state(), CATALOGUE, replace(watch, tenant="acme"))
    assert refused.value.field == "watch.tenant"
    assert "tenant public" in refused.value.fix


def test_a_token_is_watched_under_its_canonical_spelling_alone() -> None:
    """Else one token would be fetched and stored as two."""
    token = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
    watch = Watch(tenant="public", provider="alpha", feed="clusters", target=token, scope="", every_s=3600)
    assert checked_watch(state(), CATALOGUE, watch) is watch
    with pytest.raises(RegistryError) as refused:
        checked_watch(state(), CATALOGUE, replace(watch, target=token.replace("a0b8", "A0b8")))
    assert (refused.value.field, refused.value.fix) == ("watch.target", f"Write {token}")


def test_a_portfolio_with_a_live_key_is_not_removed() -> None:
    key = ApiKey(id="k", tenant="acme", portfolio="p", secret_sha256="", created_at=NOW)
    registry = state(portfolio("p"))
    registry = RegistryState(tenants=registry.tenants, portfolios=registry.portfolios, keys={"k": key})
    with pytest.raises(RegistryError, match="key k is bound"):
        removable_portfolio(registry, "acme", "p")


def test_a_key_of_an_unknown_portfolio_is_refused() -> None:
    with pytest.raises(RegistryError) as refused:
        new_key(state(), ApiKey(id="k", tenant="acme", portfolio="p", secret_sha256="", created_at=NOW))
    assert refused.value.field == "portfolio"
