"""`holdfast config`"""

from typing import Any

from cyclopts import App
from rich.text import Text

from services.cli import connections
from services.cli.output import console, print_json
from services.cli.registry import JsonFlag

app = App(name="config", help="Settings, as this command sees them.")

_SECRET = ("password", "passphrase", "secret", "key", "token", "rpc_url")


@app.command
def show(*, json: JsonFlag = False) -> None:
    """Every setting that is not a default, secrets hidden."""
    redacted = _redacted(connections.configuration().tree)
    if json:
        print_json(redacted)
        return
    for name, value in _flat("", redacted):
        console.print(Text.assemble((name, "bold"), f" = {value}"), highlight=False)


def _redacted(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _redacted(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item, name) for item in value]
    return "***" if any(word in name.lower() for word in _SECRET) and value else value


def _flat(prefix: str, tree: dict[str, Any]) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        rows += _flat(f"{name}.", value) if isinstance(value, dict) else [(name, value)]
    return rows
