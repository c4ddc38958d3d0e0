"""Start a provider from the template: `python -m holdfast.providers.kit.scaffold acme`.

Writes one folder, `holdfast/providers/<name>`, and touches no other file: the folder is the registration,
and its fixtures are replayed by the shared suite from the first minute.
"""

import argparse
import keyword
import re
import sys
from collections.abc import Sequence
from pathlib import Path

PROVIDERS = Path(__file__).resolve().parents[1]
TEMPLATE = Path(__file__).resolve().parent / "template"
_IMPORTS = re.compile(r"(?:^from holdfast\..*\n)+", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]{1,31}")


class ScaffoldError(Exception):
    """The provider cannot be started; the message says what to do instead."""


def scaffold(name: str, providers: Path = PROVIDERS) -> list[Path]:
    """Write the folder of a new provider and return its files. Raises ScaffoldError."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ScaffoldError(f"{name!r}: use 2 to 32 lower-case letters, digits or '_', starting with a letter")
    folder = providers / name
    if folder.exists():
        raise ScaffoldError(f"{folder} exists already; choose another name, or remove it")
    return [_write(path, folder, name) for path in sorted(TEMPLATE.rglob("*")) if path.is_file()]


def _write(path: Path, folder: Path, name: str) -> Path:
    written = folder / path.relative_to(TEMPLATE).with_name(path.name.removesuffix(".txt"))
    written.parent.mkdir(parents=True, exist_ok=True)
    title = "".join(part.capitalize() for part in name.split("_"))
    text = path.read_text(encoding="utf-8").replace("{{name}}", name).replace("{{title}}", title)
    written.write_text(_IMPORTS.sub(_sorted_lines, text), encoding="utf-8")
    return written


def _sorted_lines(block: re.Match[str]) -> str:
    """Where the provider's own imports belong among the others depends on its name."""
    return "".join(sorted(block[0].splitlines(keepends=True)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make new-provider NAME=<name>", description=__doc__)
    parser.add_argument("name", help="lower case, as acme")
    name = parser.parse_args(arguments).name
    try:
        written = scaffold(name)
    except ScaffoldError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("".join(f"  {path.relative_to(PROVIDERS.parents[2])}\n" for path in written))
    sys.stdout.write(
        f"\nNow describe the upstream in wire.py, ask it in balances.py, record fixtures/, and run\n"
        f"  pytest tests/providers -k {name}\n"
        f"Settings: [providers.{name}] in holdfast.toml, or HOLDFAST_PROVIDERS__{name.upper()}__API_KEY\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
