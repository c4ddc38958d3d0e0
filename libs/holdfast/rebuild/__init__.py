"""Everything that was derived from events, derived again, compared with what is stored, and put right on request.

It shares no code with the aggregator: lines are valued and points are summed by statements of its own, from snapshots,
prices and memberships alone, without a look at what was worked out step by step as events came in.
"""

from holdfast.rebuild.findings import Finding, read_findings
from holdfast.rebuild.naming import OtherScopeError, check_scope, name_run
from holdfast.rebuild.planning import Scope, Unit, UnknownPortfolioError, plan
from holdfast.rebuild.running import Outcome, Rebuild, UnitDone
from holdfast.rebuild.swapping import swap

__all__ = [
    "Finding",
    "OtherScopeError",
    "Outcome",
    "Rebuild",
    "Scope",
    "Unit",
    "UnitDone",
    "UnknownPortfolioError",
    "check_scope",
    "name_run",
    "plan",
    "read_findings",
    "swap",
]
