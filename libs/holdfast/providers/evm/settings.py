"""`[providers.evm]`: a node per chain, and the tokens to look for there."""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.settings.secret import Secret


class ChainSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[providers.evm.chains.<chain id>]`"""

    rpc_url: Secret
    """HTTP(S) address of a node; a secret, because providers put the key into it."""
    tokens: tuple[str, ...] | str = ()
    """ERC-20 addresses: a list, or one text with commas (as an environment variable has it)."""
    token_file: str = ""
    """A file with more of them: a token list in JSON (tokenlists.org), or one address a line."""
    confirmation_blocks: Annotated[int, Meta(ge=0)] = 0
    """How far behind the newest block to read: what a reorganisation could still undo is left alone."""
    archive: bool = False
    """Whether the node answers about any past block: then history is backfilled from it."""
    transfers_back_s: Annotated[int, Meta(ge=60, le=604_800)] = 3600
    """How far back each fetch of transfers goes: over several fetches, so that one may be missed, and deeper than any
    reorganisation."""
    blocks_per_log_request: Annotated[int, Meta(ge=1, le=10_000_000)] = 2000
    """Blocks that one `eth_getLogs` asks about; a node that finds that too much is asked for half."""
    transfers_of_coin: bool = True
    """Whether each fetch of transfers also tells what the native coin did, from the balances of its blocks."""
    coin_blocks: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """Of how many blocks in which the coin moved one fetch tells: the newest; each is read with its transactions."""
    native_symbol: str = ""
    """Of the native coin, for a chain that `coins.py` does not know."""


class EvmSettings(Struct, frozen=True, kw_only=True):
    """`[providers.evm]`"""

    chains: dict[str, ChainSettings] = {}
    requests_per_second: Annotated[int, Meta(ge=1, le=10_000)] = 20
    """HTTP requests to all nodes together; what a hosted node counts inside a batch is for it to say."""
    calls_per_request: Annotated[int, Meta(ge=1, le=2000)] = 200
    """Contract calls in one Multicall3, and requests in one JSON-RPC batch."""
    metadata_ttl_s: Annotated[float, Meta(ge=0)] = 86_400
    """How long a token's decimals, symbol and name are believed without asking again."""
