"""What a token says of itself, remembered: it hardly ever changes, and asking costs requests."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from holdfast.domain.time import Clock
from holdfast.providers.evm.calls import metadata_of
from holdfast.providers.evm.decoding import to_decimals, to_label
from holdfast.providers.evm.pinning import Pin
from holdfast.providers.evm.reading import Reader


class TokenMetadata(Struct, frozen=True, kw_only=True):
    decimals: int | None
    """None where the token does not say; EIP-20 leaves it optional, and 18 would be a guess."""
    symbol: str = ""
    name: str = ""


class MetadataCache:
    """Of one chain. A proxy can change its decimals, so nothing is believed longer than `ttl_s`."""

    def __init__(self, reader: Reader, clock: Clock, *, ttl_s: float) -> None:
        self._reader = reader
        self._clock = clock
        self._ttl = timedelta(seconds=ttl_s)
        self._known: dict[str, tuple[datetime, TokenMetadata]] = {}

    async def fetch_metadata(self, tokens: Sequence[str], pin: Pin) -> dict[str, TokenMetadata]:
        """Of every token asked for. Raises ProviderError."""
        now = self._clock.now()
        unknown = [token for token in tokens if token not in self._known or now - self._known[token][0] >= self._ttl]
        calls = [call for token in unknown for call in metadata_of(token)]
        returned = await self._reader.fetch_calls(calls, pin) if calls else []
        for place, token in enumerate(unknown):
            decimals, symbol, name = returned[3 * place : 3 * place + 3]
            said = TokenMetadata(decimals=to_decimals(decimals), symbol=to_label(symbol), name=to_label(name))
            self._known[token] = (now, said)
        return {token: self._known[token][1] for token in tokens}
