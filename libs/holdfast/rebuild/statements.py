"""The statements of a rebuild, one file each."""

from functools import cache
from importlib.resources import files


@cache
def load_sql(name: str) -> str:
    """The statement in `<name>.sql`."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
