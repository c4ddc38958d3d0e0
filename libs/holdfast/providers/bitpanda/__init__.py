"""Bitpanda Custody (formerly TrustVault): the portfolio of a user, now and at any hour since 2021."""

from holdfast.providers.bitpanda.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
