"""Credmark: what a wallet's tokens are worth, at any block since they are there, and what they have returned."""

from holdfast.providers.credmark.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
