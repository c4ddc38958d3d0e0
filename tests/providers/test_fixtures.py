"""Every provider is replayed from its own recordings: what it makes of them, and which error it raises."""

import hashlib
from datetime import timedelta

import msgspec
import pytest

from holdfast.providers.kit.contract import Fetched
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.providers.kit.errors import ProviderError
from holdfast.providers.kit.exchange import open_exchange
from holdfast.providers.kit.recording import Case, load_cases
from holdfast.providers.kit.testing import ReplayUpstream, run_case

PROVIDERS = discover()
CASES = [
    pytest.param(module, case, id=f"{name}/{title}")
    for name, module in PROVIDERS.items()
    for title, case in load_cases(module.folder).items()
]
SUCCESSES = [param for param in CASES if param.values[1].fetched is not None]
FAILURES = [param for param in CASES if param.values[1].error is not None]


def without_hashes(fetched: Fetched) -> Fetched:
    """Hashes are checked on their own: in a fixture nobody could work them out."""
    return msgspec.structs.replace(
        fetched,
        snapshots=tuple(msgspec.structs.replace(snapshot, raw=()) for snapshot in fetched.snapshots),
        totals=tuple(msgspec.structs.replace(total, raw=()) for total in fetched.totals),
        clusters=tuple(msgspec.structs.replace(clusters, raw=()) for clusters in fetched.clusters),
        returns=tuple(msgspec.structs.replace(returns, raw=()) for returns in fetched.returns),
        transfers=tuple(msgspec.structs.replace(transfers, raw=()) for transfers in fetched.transfers),
    )


@pytest.mark.parametrize(("module", "case"), SUCCESSES)
async def test_a_recorded_exchange_becomes_exactly_what_the_fixture_says(module: ProviderModule, case: Case) -> None:
    upstream = ReplayUpstream(case.exchanges)
    with open_exchange() as exchange:
        fetched = await run_case(module, case, upstream)
    assert msgspec.to_builtins(without_hashes(fetched)) == msgspec.to_builtins(without_hashes(case.fetched))
    assert upstream.unasked == []
    recorded = {hashlib.sha256(response.body).hexdigest() for response in exchange.responses}
    assert exchange.requests == len(exchange.responses) == len(case.exchanges)
    for stated in (*fetched.snapshots, *fetched.totals, *fetched.returns, *fetched.transfers):
        assert stated.raw
        assert set(stated.raw) <= recorded


@pytest.mark.parametrize(("module", "case"), FAILURES)
async def test_a_recorded_failure_raises_exactly_the_error_that_the_fixture_names(
    module: ProviderModule, case: Case
) -> None:
    with open_exchange() as exchange, pytest.raises(ProviderError) as raised:
        await run_case(module, case, ReplayUpstream(case.exchanges))
    assert _kind(raised.value) == case.error.kind
    assert getattr(raised.value, "retry_after_s", None) == case.error.retry_after_s
    assert exchange.requests == len(case.exchanges)


@pytest.mark.parametrize(("module", "case"), CASES)
async def test_no_secret_of_the_settings_is_in_an_error_or_a_recorded_url(module: ProviderModule, case: Case) -> None:
    with open_exchange() as exchange:
        try:
            await run_case(module, case, ReplayUpstream(case.exchanges))
            told = ""
        except ProviderError as error:
            told = f"{error} {error!r} {getattr(error, 'excerpt', '')}"
    told += " ".join(response.url for response in exchange.responses)
    for secret in secrets_of(module, case):
        assert secret not in told


def secrets_of(module: ProviderModule, case: Case) -> list[str]:
    """The texts in the settings whose name says that they are secret."""
    names = ("key", "secret", "pass", "token")
    return [text for name, text in case.settings.items() if isinstance(text, str) and any(n in name for n in names)]


@pytest.mark.parametrize("module", PROVIDERS.values(), ids=PROVIDERS.keys())
def test_every_provider_has_recorded_the_ordinary_the_empty_and_its_refusals(module: ProviderModule) -> None:
    cases = load_cases(module.folder).values()
    assert any(case.fetched and (case.fetched.prices or case.fetched.snapshots) for case in cases)
    kinds = {case.error.kind for case in cases if case.error}
    assert {"RateLimitedError", "CredentialsRejectedError", "UnexpectedResponseError"} <= kinds


@pytest.mark.parametrize("module", PROVIDERS.values(), ids=PROVIDERS.keys())
def test_every_case_asks_for_what_the_manifest_offers(module: ProviderModule) -> None:
    for title, case in load_cases(module.folder).items():
        feed = module.manifest.feed(case.target.feed)
        assert feed is not None, title
        assert not case.target.scope or not feed.scopes or case.target.scope in feed.scopes, title


@pytest.mark.parametrize("module", PROVIDERS.values(), ids=PROVIDERS.keys())
def test_a_manifest_is_complete(module: ProviderModule) -> None:
    manifest = module.manifest
    assert manifest.title
    assert manifest.documentation
    assert manifest.budget.requests >= 1
    assert manifest.budget.per_s > 0
    assert all(feed.every_s >= timedelta(minutes=1).total_seconds() for feed in manifest.feeds)


def _kind(error: ProviderError) -> str:
    """The error of the kit that decides what the runtime does; a provider may have a narrower one of its own."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == ProviderError.__module__)
