"""What `/v1/portfolios/{id}/attribution` answers of a day, as the parts of a row."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from holdfast.domain.attribution import Attribution, Effects
from holdfast.history.receipts import RECEIPTS
from holdfast.warehouse.rows import AttributionRow, LineEffectsRow

_EFFECTS = ("price", "flows", "moved", "fx", "rounding")


def to_attribution(found: Attribution) -> AttributionRow:
    """Of all lines; a row can hold every number of it."""
    return AttributionRow(
        reason=found.reason,
        complete=found.complete,
        lines=sum(line.effects is not None for line in found.lines),
        unknown=dict(Counter(line.missing[0].reason for line in found.lines if line.missing)),
        **_figures(found.total),
    )


def to_lines(found: Attribution, accounts: Mapping[str, str]) -> Iterator[LineEffectsRow]:
    """Of each line that was held, or that moved, or of which one or the other is unknown."""
    for line in found.lines:
        figures = _figures(line.effects)
        if line.missing or any(figures.values()):
            source = line.source.removesuffix(RECEIPTS)
            yield LineEffectsRow(
                source=source,
                account=accounts[source],
                asset=line.asset,
                side=line.side,
                missing=len(line.missing),
                reason=line.missing[0].reason if line.missing else "",
                **figures,
            )


def _figures(effects: Effects | None) -> dict[str, Decimal]:
    """By their names in SQL, where `start` and `end` are those of the window."""
    if effects is None:
        return {}
    return {"opening": effects.start, "closing": effects.end} | {name: getattr(effects, name) for name in _EFFECTS}
