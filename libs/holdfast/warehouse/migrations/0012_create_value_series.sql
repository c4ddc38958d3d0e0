-- The stored hourly points of each portfolio. A later row of the same hour has seen more and replaces it,
-- whether the engine has merged the two yet or not. Hours in which nothing changed have no row: a reader
-- carries the previous one forward (docs/sql.md shows how).
CREATE OR REPLACE VIEW value_series AS
SELECT
    tenant,
    portfolio,
    bucket,
    bucket + INTERVAL 1 HOUR AS valued_at,
    point.assets             AS assets,
    point.debt               AS debt,
    point.net                AS net,
    point.lines              AS lines,
    point.lines_unpriced     AS lines_unpriced,
    point.lines_excluded     AS lines_excluded,
    point.sources            AS sources,
    point.sources_observed   AS sources_observed,
    point.sources_missing    AS sources_missing,
    multiIf(
        point.sources_missing > 0, 'missing',
        point.sources_observed < point.sources, 'carried',
        'observed'
    ) AS fill,
    toBool(point.sources_missing = 0) AS complete,
    point.as_of              AS as_of,
    point.oldest_input       AS oldest_input
FROM
(
    SELECT
        tenant,
        portfolio,
        bucket,
        argMax(
            CAST(
                (assets, debt, net, lines, lines_unpriced, lines_excluded, sources, sources_observed, sources_missing,
                 as_of, oldest_input),
                'Tuple(assets Decimal(76, 36), debt Decimal(76, 36), net Decimal(76, 36), lines UInt64,
                       lines_unpriced UInt64, lines_excluded UInt64, sources UInt32, sources_observed UInt32,
                       sources_missing UInt32, as_of DateTime64(3, ''UTC''), oldest_input DateTime64(3, ''UTC''))'
            ),
            version
        ) AS point
    FROM portfolio_totals
    GROUP BY tenant, portfolio, bucket
);
