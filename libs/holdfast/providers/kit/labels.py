"""Names and symbols for people: whatever an upstream, or the deployer of a token, chose to write."""


def to_label(text: str, *, longest: int = 120) -> str:
    """One line of printable text, at most `longest` characters."""
    printable = "".join(character if character.isprintable() else " " for character in text[: longest * 4])
    return " ".join(printable.split())[:longest]
