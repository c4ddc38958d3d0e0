-- What is stored of each portfolio's membership and rules, and up to which revision its points are worked out.
SELECT r.tenant AS tenant, r.portfolio AS portfolio, r.revision AS revision, r.digest AS digest, s.revision AS settled,
    r.excluded AS excluded
FROM registry_portfolios AS r FINAL
LEFT JOIN (SELECT tenant, portfolio, max(revision) AS revision FROM settled_portfolios GROUP BY tenant, portfolio) AS s
    ON r.tenant = s.tenant AND r.portfolio = s.portfolio
SETTINGS join_use_nulls = 0
