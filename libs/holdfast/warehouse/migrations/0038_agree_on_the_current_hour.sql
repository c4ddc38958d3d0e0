-- What is current is what stands in the point of the current hour: the value at its end. So the latest value, the
-- last point of the series, the current lines and the current sources agree, also in an hour in which a membership
-- begins or ends. A point of an hour to come (a membership that is known to end) is not yet shown.

-- The counted sources of each portfolio: of the registry's newest revision, members at the end of the current hour.
CREATE OR REPLACE VIEW portfolio_sources AS
SELECT
    m.tenant     AS tenant,
    m.portfolio  AS portfolio,
    m.source     AS source,
    m.account    AS account,
    m.provider   AS provider,
    m.scope      AS scope,
    m.valid_from AS valid_from,
    m.valid_to   AS valid_to
FROM registry_portfolio_sources AS m FINAL
INNER JOIN registry_portfolios AS p FINAL
    ON p.tenant = m.tenant AND p.portfolio = m.portfolio AND p.revision = m.revision
WHERE NOT p.deleted AND m.valid_from < toStartOfHour(now()) + INTERVAL 1 HOUR AND toStartOfHour(now()) + INTERVAL 1 HOUR <= m.valid_to;

-- The stored hourly points of each portfolio. A later row of the same hour has seen more and replaces it,
-- whether the engine has merged the two yet or not. Hours in which nothing changed have no row: a reader
-- carries the previous one forward (docs/sql.md shows how).
CREATE OR REPLACE VIEW value_series AS
SELECT
    tenant,
    portfolio,
    bucket,
    bucket + INTERVAL 1 HOUR AS valued_at,
    assets,
    debt,
    net,
    lines,
    lines_unpriced,
    lines_excluded,
    lines_truncated,
    sources,
    sources_observed,
    sources_missing,
    reasons,
    multiIf(sources_missing > 0, 'missing', sources_observed < sources, 'carried', 'observed') AS fill,
    toBool(sources_missing = 0) AS complete,
    as_of,
    oldest_input
FROM portfolio_totals FINAL
WHERE bucket <= now() OR sources_observed > 0;

-- What each portfolio is worth now: its newest point, with the quality of what went into it.
CREATE OR REPLACE VIEW portfolio_value AS
SELECT
    tenant,
    portfolio,
    bucket,
    assets,
    debt,
    net,
    lines,
    lines_unpriced,
    lines_excluded,
    lines_truncated,
    sources,
    sources_observed,
    sources_missing,
    reasons,
    as_of,
    oldest_input,
    computed_at
FROM portfolio_totals FINAL
WHERE bucket <= now() OR sources_observed > 0
ORDER BY bucket DESC
LIMIT 1 BY tenant, portfolio;

-- The newest point of each portfolio by every axis. Total and breakdown are one stored row, so the sum over
-- the keys of an axis is the portfolio's total, to the last digit.
CREATE OR REPLACE VIEW portfolio_breakdown AS
SELECT
    tenant,
    portfolio,
    bucket,
    part.axis               AS axis,
    part.key                AS key,
    part.assets             AS assets,
    part.debt               AS debt,
    part.assets - part.debt AS net,
    part.lines              AS lines,
    part.lines_unpriced     AS lines_unpriced
FROM
(
    SELECT tenant, portfolio, bucket, breakdown
    FROM portfolio_totals FINAL
    WHERE bucket <= now() OR sources_observed > 0
    ORDER BY bucket DESC
    LIMIT 1 BY tenant, portfolio
)
ARRAY JOIN breakdown AS part;
