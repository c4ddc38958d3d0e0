"""`[providers.prices]`: where prices come from."""

from msgspec import Struct

from holdfast.settings.secret import Secret


class PriceSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[providers.prices.sources]]`: a file or an address, not both."""

    name: str
    """Stands in `source` of each price that does not name its own."""
    csv_path: str = ""
    """Columns asset, at, price, and optionally quote and source. Read anew at each fetch."""
    url: Secret = Secret("")
    """Answers `GET <url>?assets=…`; a secret, because it may hold a key."""


class PricesSettings(Struct, frozen=True, kw_only=True):
    """A single source needs no list: `csv_path` or `url` alone will do."""

    sources: tuple[PriceSource, ...] = ()
    """Several of them, each a `[[providers.prices.sources]]` with its name, and `csv_path` or `url`."""
    csv_path: str = ""
    """A file with the columns asset, at, price, and optionally quote and source. Read anew at each fetch."""
    url: Secret = Secret("")
    """Answers `GET <url>?assets=…`; a secret, because it may hold a key."""

    @property
    def all_sources(self) -> tuple[PriceSource, ...]:
        own = []
        if self.csv_path:
            own.append(PriceSource(name="csv", csv_path=self.csv_path))
        if self.url:
            own.append(PriceSource(name="http", url=self.url))
        return (*self.sources, *own)
