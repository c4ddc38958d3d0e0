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
    sources,
    sources_observed,
    sources_missing,
    multiIf(sources_missing > 0, 'missing', sources_observed < sources, 'carried', 'observed') AS fill,
    toBool(sources_missing = 0) AS complete,
    as_of,
    oldest_input
FROM portfolio_totals FINAL;
