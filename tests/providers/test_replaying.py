"""Every provider, given again what it was answered, says the same: what its past can be read again by."""

import pytest
from msgspec.structs import replace

from holdfast.providers.kit.contract import Fetched
from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.providers.kit.errors import ProviderError
from holdfast.providers.kit.exchange import Exchange, RecordedResponse, open_exchange
from holdfast.providers.kit.recording import Case, load_cases
from holdfast.providers.kit.replaying import KeptAnswer, NotRecordedError, ReplayClock, ReplaySession
from holdfast.providers.kit.testing import ReplayUpstream, run_case
from holdfast.settings import Configuration

CASES = [
    pytest.param(module, case, id=f"{module.name}: {name}")
    for module in discover().values()
    for name, case in load_cases(module.folder).items()
]


def kept(response: RecordedResponse) -> KeptAnswer:
    return KeptAnswer(
        request_sha256=response.request_sha256,
        method=response.method,
        url=response.url,
        status=response.status,
        content_type=response.content_type,
        sent_at=response.sent_at,
        received_at=response.received_at,
        sha256=response.sha256,
        body=response.body,
    )


async def recorded(module: ProviderModule, case: Case) -> tuple[Fetched | str, Exchange]:
    """What came of it, an error by its kind, and everything that was heard."""
    with open_exchange() as exchange:
        try:
            return await run_case(module, case, ReplayUpstream(case.exchanges)), exchange
        except ProviderError as error:
            return type(error).__name__, exchange


async def replayed(module: ProviderModule, case: Case, exchange: Exchange) -> tuple[Fetched | str, Exchange]:
    clock = ReplayClock()
    session = ReplaySession(provider=module.name, clock=clock)
    session.load(case.now, [kept(response) for response in exchange.responses])
    settings = Configuration({"case": case.settings}).section("case", module.manifest.settings)
    try:
        provider = module.build(settings, session, clock)
        with open_exchange() as again:
            try:
                return await provider.fetch(case.target), again
            except ProviderError as error:
                return type(error).__name__, again
    finally:
        await session.close()


@pytest.mark.parametrize(("module", "case"), CASES)
async def test_the_same_answers_give_the_same_statements(module: ProviderModule, case: Case) -> None:
    said, exchange = await recorded(module, case)
    if not exchange.responses:  # a file, or refused before anything was asked: there is nothing to replay
        assert exchange.requests == 0 or isinstance(said, str)
        return
    again, heard = await replayed(module, case, exchange)
    assert again == said
    assert [one.sha256 for one in heard.responses] == [one.sha256 for one in exchange.responses]


def okx() -> tuple[ProviderModule, Case]:
    module = discover()["okx"]
    cases = load_cases(module.folder)
    [name] = [name for name in cases if "they are asked one by one" in name]
    return module, cases[name]


async def test_what_was_not_recorded_is_an_error_of_its_own_and_sends_nothing() -> None:
    module, case = okx()
    _, exchange = await recorded(module, case)
    exchange.responses.pop()
    assert (await replayed(module, case, exchange))[0] == NotRecordedError.__name__


async def test_another_question_is_never_answered_with_what_was_kept() -> None:
    module, case = okx()
    _, exchange = await recorded(module, case)
    other = replace(case, target=replace(case.target, target="eip155:1:0x" + "9" * 40))
    assert (await replayed(module, other, exchange))[0] == NotRecordedError.__name__
