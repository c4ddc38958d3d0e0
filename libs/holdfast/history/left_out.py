"""What sources list and their portfolio leaves out on purpose: it is in no total and no return, and it is counted."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from holdfast.history.memberships import SourceMembership
from holdfast.history.receipts import is_receipt
from holdfast.history.snapshots import StoredSnapshot

Chains = Mapping[str, Sequence[StoredSnapshot]]


def lines_left_out(
    members: Sequence[SourceMembership], chains: Chains, at: datetime, *, excluded: Container[str | None]
) -> Counter[str]:
    """Of each member's last statement by then: lines by why they have no part. Nothing of who does not belong then.

    A wallet line of a token that another source of its account stands for is `receipt_token`, whatever else it is; any
    other of an asset that counts nowhere is `excluded`.
    """
    said = {one.source: one for member in members if (one := _last_word(member, chains, at))}
    lines: Counter[str] = Counter()
    for source, one in said.items():
        covered = _covered(one, (other for name, other in said.items() if name != source))
        for stored in one.lines:
            if is_receipt(stored, covered):
                lines["receipt_token"] += 1
            elif stored.line.asset in excluded:
                lines["excluded"] += 1
    return lines


def _last_word(member: SourceMembership, chains: Chains, at: datetime) -> StoredSnapshot | None:
    chain = chains[member.source]
    until = bisect_right(chain, at, key=attrgetter("at"))
    return chain[until - 1] if until and member.belongs_at(at) else None


def _covered(one: StoredSnapshot, others: Iterable[StoredSnapshot]) -> frozenset[str]:
    return frozenset(asset for other in others if other.account == one.account for asset in other.covers)
