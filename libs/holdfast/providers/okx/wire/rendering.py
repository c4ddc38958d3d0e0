"""The same Structs as OKX spells them, in either generation.

    to_json(holdings, V5)   {"walletIdPlatformList": [{"platformList": [{"analysisPlatformId": 118265, …

What distinguishes the generations is a table of names and of fields that are JSON numbers.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct

Version = Literal["v5", "v6"]


class Generation(Struct, frozen=True, kw_only=True):
    version: Version
    names: dict[str, str]
    """v6 names that are spelled otherwise."""
    whole: frozenset[str]
    """Fields, by v6 name, that are text with us and a JSON number on the wire, where they are one."""
    detail_in_list: bool
    """Whether the `data` of a detail answer is an array."""
    ok: str | int
    """The code of success."""


V5 = Generation(
    version="v5",
    names={"chainIndex": "chainId", "networkBalanceList": "networkBalanceVoList"},
    whole=frozenset({"chainIndex", "analysisPlatformId"}),
    detail_in_list=False,
    ok=0,
)
V6 = Generation(version="v6", names={}, whole=frozenset(), detail_in_list=True, ok="0")
GENERATIONS: dict[Version, Generation] = {"v5": V5, "v6": V6}


def to_json(value: Struct | tuple[Struct, ...], generation: Generation) -> Any:
    """Plain objects to encode, with the generation's own names and types."""
    return _spell(msgspec.to_builtins(value), generation)


def _spell(value: Any, generation: Generation) -> Any:
    if isinstance(value, dict):
        return {generation.names.get(key, key): _item(key, item, generation) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spell(item, generation) for item in value]
    return value


def _item(key: str, item: Any, generation: Generation) -> Any:
    if key in generation.whole and isinstance(item, str):
        return _number(item)
    return _spell(item, generation)


def _number(text: str) -> int | str:
    """Only what is spelled as a number becomes one; a name ("ethereum"), or 007, stays text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 and str(int(text)) == text else text
