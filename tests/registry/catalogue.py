"""Manifests made up for these tests: no real provider is meant."""

from msgspec import Struct

from holdfast.providers.kit.contract import Budget, FeedManifest, Manifest


class _NoSettings(Struct, frozen=True, kw_only=True):
    pass


def _manifest(name: str, *feeds: FeedManifest) -> Manifest:
    return Manifest(
        name=name,
        title=name,
        documentation="https://example.org",
        budget=Budget(requests=1, per_s=1),
        feeds=feeds,
        settings=_NoSettings,
    )


CATALOGUE = {
    manifest.name: manifest
    for manifest in (
        _manifest(
            "alpha",
            FeedManifest(name="balances", scopes=("wallet", "defi"), namespaces=("eip155", "solana"), every_s=300),
            FeedManifest(name="clusters", every_s=3600),
        ),
        _manifest("beta", FeedManifest(name="balances", scopes=("wallet",), namespaces=("eip155",), every_s=60)),
        _manifest("broker", FeedManifest(name="balances", scopes=("custody",), namespaces=("broker",), every_s=600)),
        _manifest("quotes", FeedManifest(name="prices", every_s=60)),
    )
}
WALLET = "eip155:1:0x742d35cc6634c0532925a3b844bc9e7595f0beb5"
OTHER = "eip155:1:0x00000000219ab540356cbb839cbe05303d7705fa"
SOLANA = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv"
