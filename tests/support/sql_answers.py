"""The answers of docs/sql.md: each example is followed by what it says on the small world of the tests.

Written by the test that compares them, when HOLDFAST_WRITE_ANSWERS is set; so they are never older than the views.
"""

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sql.md"
ELIDED = "…"
"""Stands for rows that depend on when they are asked for."""
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_EXAMPLE = re.compile(r"```sql\n(?P<sql>.*?)```\n(?:\n```text\n(?P<answer>.*?)```\n)?", re.DOTALL)


class Example(NamedTuple):
    section: str
    sql: str
    answer: str | None
    """None where the page has none yet."""


def load_examples() -> list[Example]:
    """In the order of the page."""
    page = PAGE.read_text(encoding="utf-8")
    headings = [(found.start(), found[1]) for found in _HEADING.finditer(page)]
    return [
        Example([name for start, name in headings if start < found.start()][-1], found["sql"], found["answer"])
        for found in _EXAMPLE.finditer(page)
    ]


def to_answer(tsv: str, *, elided: bool) -> str:
    """TSVWithNames as columns of equal width. NULL is written out."""
    lines = [[cell.replace("\\N", "NULL") for cell in line.split("\t")] for line in tsv.splitlines()]
    shown = lines[:1] if elided else lines
    widths = [max(len(line[place]) for line in shown) for place in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in shown]
    return "\n".join([*text, ELIDED] if elided else text) + "\n"


def write_answers(answers: dict[str, str]) -> None:
    """By the text of the example."""
    page = PAGE.read_text(encoding="utf-8")

    def followed(found: re.Match[str]) -> str:
        return f"```sql\n{found['sql']}```\n\n```text\n{answers[found['sql']]}```\n"

    PAGE.write_text(_EXAMPLE.sub(followed, page), encoding="utf-8")
