"""What tells two statements apart whose holdings differ, without a look at their lines.

Statements with equal digests list the same amounts, so nothing moved between them and the ledger need not read their
lines; statements that list the same amounts in other words (`1.50`, `1.5`) may have different ones, which costs a look
and no more. It depends on one statement alone: late, corrected and repeated ones have nothing to repair.
"""

from collections.abc import Iterable
from hashlib import blake2b
from operator import attrgetter

import msgspec

from holdfast.domain.balances import Balance

_HELD = attrgetter("asset", "side", "amount", "kind", "reason")
_ENCODER = msgspec.json.Encoder(decimal_format="string")


def holdings_digest(balances: Iterable[Balance]) -> str:
    """32 hex digits, whatever the order of the lines. Millions of them: written for speed."""
    lines = [_ENCODER.encode(_HELD(one) if one.amount or not one.value else _without_amount(one)) for one in balances]
    lines.sort()
    return blake2b(b"\n".join(lines), digest_size=16).hexdigest()


def _without_amount(one: Balance) -> tuple[object, ...]:
    """Beside an amount of 0 a value is one without an amount: it has no flows."""
    return _HELD(one) if one.amount is None else (*_HELD(one), "value_only")
