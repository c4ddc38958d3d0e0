"""Messages as they cross the wire, several of each event: the test data of every producer and consumer."""

from pathlib import Path

FOLDER = Path(__file__).parent


def load_examples(name: str) -> dict[str, bytes]:
    """By name, in alphabetical order, of the event with that catalog name (`balances.observed.v1`)."""
    return {path.stem: path.read_bytes() for path in sorted((FOLDER / name).glob("*.json"))}
