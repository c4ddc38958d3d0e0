"""The documented types, for whoever answers as the upstream does."""

from importlib.resources import files


def load_schema() -> str:
    """In GraphQL's schema language."""
    return (files(__package__) / "schema.graphql").read_text(encoding="utf-8")
