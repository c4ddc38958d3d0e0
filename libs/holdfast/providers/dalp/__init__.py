"""SettleMint DALP: the tokens of one participant, what they are worth, and how that total moved."""

from holdfast.providers.dalp.provider import MANIFEST, build

__all__ = ["MANIFEST", "build"]
