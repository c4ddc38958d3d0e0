"""Whose rows a table holds: what an analyst who is bound to one tenant may read, said once for every engine.

The embedded engine takes it as roles and row filters in its start files (`embedded.engine_config`), a server
as statements (`to_statements`). A table that is not named here is granted to nobody who is bound to a tenant, so a
new one is closed until somebody has said whose its rows are; a view shows what its tables show.
"""

import re
from functools import cache
from pathlib import Path

PUBLIC = "public"
"""The tenant of what is nobody's own, as market data: every tenant reads it."""

BY_TENANT = frozenset(
    {
        "closed_days",
        "cluster_addresses",
        "cluster_overviews",
        "exchanges",
        "fetches",
        "history_windows",
        "jumps",
        "latest_snapshots",
        "portfolio_totals",
        "raw_responses",
        "registry_accounts",
        "registry_portfolio_revisions",
        "registry_portfolio_sources",
        "registry_portfolios",
        "registry_rule_sets",
        "reported_returns",
        "reported_totals",
        "settled_portfolios",
        "snapshot_parts",
        "snapshots",
        "source_checks",
        "token_clusters",
        "top_holders",
        "transfer_ranges",
    }
)
"""Tables whose column `tenant` says whose a row is."""

BY_SOURCE = frozenset({"balances", "priced_snapshots"})
"""Tables whose column `source` begins with the tenant: tenant/provider/account/scope."""

SHARED = frozenset({"blocks", "price_attempts", "price_withdrawals", "prices", "withdrawn_prices"})
"""Tables of facts that are nobody's own."""

WITHHELD = frozenset(
    {
        "dead_letters",
        "late_inputs",
        "price_retellings",
        "rebuild_units",
        "rebuilt_latest",
        "rebuilt_lines",
        "rebuilt_totals",
        "schema_migrations",
    }
)
"""Tables for operators alone."""

_VIEW = re.compile(r"^CREATE VIEW (\w+)", re.MULTILINE)


def role_of(tenant: str) -> str:
    """The engine's role for those who are bound to a tenant."""
    return f"tenant_{tenant}"


def user_of(tenant: str) -> str:
    """The user name of a tenant's analyst."""
    return f"analyst-{tenant}"


def owner_of_row(table: str) -> str:
    """The SQL expression for the tenant of a row of a table in BY_TENANT or BY_SOURCE."""
    return "tenant" if table in BY_TENANT else "substringIndex(source, '/', 1)"


@cache
def views() -> tuple[str, ...]:
    """The names of all views of the contract."""
    return tuple(_VIEW.findall(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")))


def readable() -> list[str]:
    """Every table and view that a tenant's analyst may SELECT from, as far as rows are the tenant's own."""
    return sorted(BY_TENANT | BY_SOURCE | SHARED | set(views()))


def to_statements(database: str, tenant: str, *, password_sha256: str) -> list[str]:
    """For a server: what the tenant's role may read (`to_grants`), and its user, with this password from now on.

    `password_sha256`: 64 hex digits.
    """
    role, user = f"`{role_of(tenant)}`", f"`{user_of(tenant)}`"
    made = f"CREATE USER OR REPLACE {user} IDENTIFIED WITH sha256_hash BY '{password_sha256}'"
    return [
        *to_grants(database, tenant),
        f"{made} DEFAULT ROLE {role} SETTINGS PROFILE 'analyst'",
        f"GRANT {role} TO {user}",
    ]


def to_grants(database: str, tenant: str) -> list[str]:
    """For a server: the tenant's role, its grants, and a row policy for each table.

    May be run again, and must be after new tables and views: grants name each of them, and a view reads what it shows
    as whoever asks it. Who runs them needs ACCESS MANAGEMENT. The server must leave
    `users_without_row_policies_can_read_rows` on, its default, or the policies would hide everything from all others.
    """
    role = f"`{role_of(tenant)}`"
    policies = [
        f"CREATE ROW POLICY OR REPLACE {role} ON {database}.{table} "
        f"USING {owner_of_row(table)} IN ('{tenant}', '{PUBLIC}') TO {role}"
        for table in sorted(BY_TENANT | BY_SOURCE)
    ]
    # The policies first: at no moment may the role read without them.
    return [
        f"CREATE ROLE IF NOT EXISTS {role}",
        *policies,
        *(f"GRANT SELECT ON {database}.{name} TO {role}" for name in readable()),
    ]
