"""The provider: which chains there are, and the way from an account to its chain."""

from typing import NamedTuple

from holdfast.domain.time import Clock
from holdfast.providers.evm.balances import WALLET, ChainBalances
from holdfast.providers.evm.coins import coin_of
from holdfast.providers.evm.metadata import MetadataCache
from holdfast.providers.evm.node import Node
from holdfast.providers.evm.reading import Reader
from holdfast.providers.evm.settings import ChainSettings, EvmSettings
from holdfast.providers.evm.tokens import load_tokens
from holdfast.providers.evm.transfers import ChainTransfers
from holdfast.providers.kit.contract import Budget, FeedManifest, Fetched, History, Manifest, Target
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.session import Session
from holdfast.settings import SettingsError, SettingsProblem

_HISTORY = History(every_s=(300, 3600, 86_400), points=24, told=True)
"""Of chains whose `archive` is set."""
_LOGGED = History(every_s=(3600,), points=24, told=True)
"""Logs are asked for by the day, whatever instants balances are read at."""

MANIFEST = Manifest(
    name="evm",
    title="Any EVM chain, over JSON-RPC",
    documentation="https://ethereum.org/en/developers/docs/apis/json-rpc/",
    budget=Budget(requests=20, per_s=1),
    feeds=(
        FeedManifest(name="balances", scopes=(WALLET,), namespaces=("eip155",), every_s=300, history=_HISTORY),
        FeedManifest(name="transfers", scopes=(WALLET,), namespaces=("eip155",), every_s=900, history=_LOGGED),
    ),
    settings=EvmSettings,
)


class Chain(NamedTuple):
    """Both feeds of one chain."""

    balances: ChainBalances
    transfers: ChainTransfers


class EvmProvider:
    def __init__(self, chains: dict[str, Chain]) -> None:
        self._chains = chains

    async def fetch(self, target: Target) -> Fetched:
        """Of an account (`eip155:<chain id>:0x…`): what it holds, or what came and went. Raises ProviderError."""
        chain = self._chain_of(target)
        if target.feed == "balances":
            return await _fetch_balances(chain.balances, target)
        if target.feed == "transfers":
            return await _fetch_transfers(chain.transfers, target)
        raise UnexpectedResponseError(f"evm has no feed {target.feed!r}")

    def _chain_of(self, target: Target) -> Chain:
        chain = target.target.rpartition(":")[0]
        if chain not in self._chains:
            section = f"[providers.evm.chains.{chain.partition(':')[2]}]"
            raise UnexpectedResponseError(f"no node for chain {chain}: set rpc_url in {section}")
        return self._chains[chain]


async def _fetch_balances(balances: ChainBalances, target: Target) -> Fetched:
    if target.window is not None:
        return Fetched(snapshots=await balances.fetch_history(target.target, target.window))
    return Fetched(snapshots=(await balances.fetch_snapshot(target.target),))


async def _fetch_transfers(transfers: ChainTransfers, target: Target) -> Fetched:
    if target.window is not None:
        return Fetched(transfers=await transfers.fetch_history(target.target, target.window))
    return Fetched(transfers=await transfers.fetch_recent(target.target))


def build(settings: EvmSettings, session: Session, clock: Clock) -> EvmProvider:
    """Raises SettingsError with all that is wrong with the chains and their token lists."""
    problems: list[SettingsProblem] = []
    tokens: dict[str, tuple[str, ...]] = {}
    for text, chain in settings.chains.items():
        problems += _check(text, chain)
        try:
            tokens[text] = load_tokens(text, chain)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    session.limit(Budget(requests=settings.requests_per_second, per_s=1))
    nodes = {
        text: Node(
            session=session, chain_id=int(text), url=chain.rpc_url, requests_per_batch=settings.calls_per_request
        )
        for text, chain in settings.chains.items()
    }
    return EvmProvider(
        {node.chain: _build_chain(node, settings, text, tokens[text], clock) for text, node in nodes.items()}
    )


def targets_with_past(settings: EvmSettings) -> tuple[str, ...]:
    """The accounts of chains whose node has an archive."""
    return tuple(f"eip155:{text}:" for text, chain in settings.chains.items() if chain.archive)


def _check(text: str, settings: ChainSettings) -> list[SettingsProblem]:
    section = f"providers.evm.chains.{text}"
    problems = []
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:20]) < 2**53):
        problems.append(SettingsProblem(section, "a chain is named by its number, as chains.1 for Ethereum"))
    if not settings.rpc_url.reveal().startswith(("http://", "https://")):
        problems.append(
            SettingsProblem(f"{section}.rpc_url", "expected an address that starts with http:// or https://")
        )
    return problems


def _build_chain(node: Node, settings: EvmSettings, text: str, tokens: tuple[str, ...], clock: Clock) -> Chain:
    chain = settings.chains[text]
    reader = Reader(node, calls_per_request=settings.calls_per_request)
    metadata = MetadataCache(reader, clock, ttl_s=settings.metadata_ttl_s)
    coin = coin_of(node.chain_id, symbol=chain.native_symbol)
    balances = ChainBalances(
        node=node,
        reader=reader,
        metadata=metadata,
        clock=clock,
        coin=coin,
        tokens=tokens,
        confirmation_blocks=chain.confirmation_blocks,
        archive=chain.archive,
    )
    transfers = ChainTransfers(
        node=node,
        metadata=metadata,
        clock=clock,
        tokens=tokens,
        confirmation_blocks=chain.confirmation_blocks,
        back_s=chain.transfers_back_s,
        blocks_per_request=chain.blocks_per_log_request,
        tokens_per_request=settings.calls_per_request,
        coin=coin if chain.transfers_of_coin else None,
        coin_blocks=chain.coin_blocks,
    )
    return Chain(balances, transfers)
