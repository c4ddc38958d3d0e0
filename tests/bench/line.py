"""One line of the benchmark table."""

from msgspec import Struct


class Line(Struct, frozen=True, kw_only=True):
    """A measured value beside its limit and its rival, taken in the same run on the same rows.

    `value`, `limit` and `rival` share `unit`. `higher_is_better` is True for rates, False for times, and
    turns both ratios the same way round: 1.0 is as good as the other, above is better.
    """

    name: str
    unit: str
    value: float
    """The median of `raw`."""
    raw: list[float]
    higher_is_better: bool = True
    limit: float | None = None
    limit_name: str = ""
    rival: float | None = None
    rival_name: str = ""

    @property
    def ratio_to_limit(self) -> float | None:
        return self._ratio(self.limit)

    @property
    def ratio_to_rival(self) -> float | None:
        return self._ratio(self.rival)

    def _ratio(self, other: float | None) -> float | None:
        if not other or not self.value:
            return None
        return self.value / other if self.higher_is_better else other / self.value
