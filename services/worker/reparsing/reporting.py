"""What a run of `holdfast reparse` did: counted as it goes, with so many of its findings as anybody would read."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.worker.reparsing.correcting import Judged
from services.worker.reparsing.prices import PriceChange
from services.worker.reparsing.replaying import Replayed

LISTED = 1000
"""Changes, and fetches that were not read, that are listed; all are counted."""


class Skipped(Struct, frozen=True, kw_only=True):
    """A fetch that was not read again."""

    provider: str
    account: str
    started_at: datetime
    why: str


class Report(Struct, frozen=True, kw_only=True):
    fetches: int
    statements: int
    """Statements, and totals and returns that were reported with them; prices, and clusters of tokens."""
    same: int
    corrected: int
    new: int
    withdrawn: int
    """Prices that were not stated."""
    kept: int
    """What another fetch said last: left as it is."""
    not_read: int
    """Fetches."""
    gone: int
    """Fetches of which no body is kept: they are too old, or were told by a file."""
    changes: tuple[Judged, ...]
    """The first of them, as are `skipped`."""
    skipped: tuple[Skipped, ...]
    dry_run: bool


class Tally:
    """A report in the making."""

    def __init__(self) -> None:
        self.fetches = 0
        self.not_read = 0
        self.gone = 0
        self.reached: datetime | None = None
        """When the newest fetch that was read again had begun."""
        self.put_off: datetime | None = None
        """When the oldest one had begun that waits for the end of the run, if any does."""
        self.providers = 0
        """Each is read from its first fetch to its last, one after the other."""
        self._verdicts: Counter[str] = Counter()
        self._changes: list[Judged] = []
        self._skipped: list[Skipped] = []

    def add(self, replayed: Iterable[Replayed], judged: Iterable[Judged], prices: Iterable[PriceChange] = ()) -> None:
        for one in replayed:
            self.fetches += not one.gone
            self.gone += one.gone
            self.reached = max(self.reached or one.fetch.started_at, one.fetch.started_at)
            if one.not_recorded or one.refused:
                self._skip(one)
        for found in (*judged, *map(_told, prices)):
            self._verdicts[found.verdict] += 1
            if found.verdict not in ("same", "kept") and len(self._changes) < LISTED:
                self._changes.append(replace(found, events=()))

    @property
    def since(self) -> datetime | None:
        """From when on a run that is cut short goes on; None if only the whole of it again leaves nothing out."""
        if self.reached is None or self.providers > 1:
            return None
        return min(self.reached, self.put_off or self.reached)

    def to_report(self, *, dry_run: bool) -> Report:
        counts = self._verdicts
        return Report(
            fetches=self.fetches,
            statements=counts.total(),
            same=counts["same"],
            corrected=counts["corrected"],
            new=counts["new"],
            withdrawn=counts["withdrawn"],
            kept=counts["kept"],
            not_read=self.not_read,
            gone=self.gone,
            changes=tuple(self._changes),
            skipped=tuple(self._skipped),
            dry_run=dry_run,
        )

    def _skip(self, one: Replayed) -> None:
        self.not_read += 1
        if len(self._skipped) < LISTED:
            job = one.fetch.job
            why = one.not_recorded or one.refused
            self._skipped.append(
                Skipped(provider=job.provider, account=job.target, started_at=one.fetch.started_at, why=why)
            )


def _told(change: PriceChange) -> Judged:
    """A price, as what becomes of statements is told."""
    place, before, after = change.place, change.before, change.after
    return Judged(
        kind="price",
        source=place.source,
        observed_at=place.at,
        platform=f"{place.asset} in {place.quote}",
        verdict=change.verdict,
        before="" if before is None else _written(before.price),
        after="" if after is None else _written(after),
        lines_before=int(before is not None),
        lines_after=int(after is not None),
        job_id=change.fetch.job.id,
        events=(),
    )


def show(report: Report) -> None:
    console = Console(highlight=False)
    if report.changes:
        table = Table("source", "observed", "what", "", "lines", "now", header_style="bold")
        for one in report.changes:
            lines = f"{one.lines_before} → {one.lines_after}" if one.kind != "price" else ""
            now = one.after if one.kind != "price" else f"{one.before or 'none'} → {one.after or 'none'}"
            what = f"{one.kind} {one.platform}".strip()
            table.add_row(one.source, one.observed_at.isoformat(), Text(what), one.verdict, lines, now)
        console.print(table)
    for skipped in report.skipped:
        told = f"{skipped.account} at {skipped.started_at.isoformat()}: {skipped.why}"
        console.print("[yellow]not read again:[/]", Text(told))
    verb = "would be corrected" if report.dry_run else "corrected"
    console.print(
        f"{report.fetches} fetches read again: {report.same} statements and prices the same, "
        f"{report.corrected} {verb}, {report.new} new, {report.withdrawn} prices taken back, "
        f"{report.kept} left as they are, {report.not_read} fetches not read"
    )
    if report.gone:
        console.print(f"of {report.gone} more fetches no body is kept: they are too old, or read a file")


def _written(price: Decimal) -> str:
    return format(price.normalize(), "f")
