"""Which tokens to look for: the addresses in the settings and in a token file."""

import re
from pathlib import Path
from typing import Any

import msgspec

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.providers.evm.settings import ChainSettings
from holdfast.settings import SettingsError, SettingsProblem

_SEPARATORS = re.compile(r"[\s,]+")


def load_tokens(chain_id: str, settings: ChainSettings) -> tuple[str, ...]:
    """Lower-case addresses, each once, in the order given. Raises SettingsError with every bad entry in it."""
    setting = f"providers.evm.chains.{chain_id}"
    listed = _SEPARATORS.split(settings.tokens) if isinstance(settings.tokens, str) else settings.tokens
    entries = [(f"{setting}.tokens, entry {place}", text) for place, text in enumerate(filter(None, listed), 1)]
    if settings.token_file:
        entries += _load_file(chain_id, f"{setting}.token_file", Path(settings.token_file))
    problems: list[SettingsProblem] = []
    addresses = [_to_address(text, where, problems) for where, text in entries]
    if problems:
        raise SettingsError(problems)
    return tuple(dict.fromkeys(addresses))


def _load_file(chain_id: str, setting: str, path: Path) -> list[tuple[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([SettingsProblem(setting, f"cannot read {path}: {error}")]) from error
    if text.lstrip()[:1] in ("{", "["):
        return [(f"{path}, entry {place}", entry) for place, entry in _from_json(chain_id, setting, path, text)]
    lines = ((number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(f"{path}, line {number}", line) for number, line in lines if line]


def _from_json(chain_id: str, setting: str, path: Path, text: str) -> list[tuple[int, Any]]:
    """A token list, or a bare array. Decimals and symbols in it are not used: the chain has the true ones."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SettingsError([SettingsProblem(setting, f"{path} is not valid JSON: {error}")]) from error
    entries = document.get("tokens") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        expected = f'{path}: expected a token list, {{"tokens": […]}}, or an array of addresses'
        raise SettingsError([SettingsProblem(setting, expected)])
    return [
        (place, entry.get("address") if isinstance(entry, dict) else entry)
        for place, entry in enumerate(entries, 1)
        if not isinstance(entry, dict) or str(entry.get("chainId", chain_id)) == chain_id
    ]


def _to_address(text: Any, where: str, problems: list[SettingsProblem]) -> str:
    try:
        return parse_account(f"eip155:1:{str(text).strip()}").id.rpartition(":")[2]
    except AccountIdError as error:
        problems.append(SettingsProblem(where, str(error)))
        return ""
