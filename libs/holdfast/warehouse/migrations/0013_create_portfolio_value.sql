-- What each portfolio is worth now: its newest point, with the quality of what went into it.
CREATE OR REPLACE VIEW portfolio_value AS
SELECT
    tenant,
    portfolio,
    point.bucket           AS bucket,
    point.assets           AS assets,
    point.debt             AS debt,
    point.net              AS net,
    point.lines            AS lines,
    point.lines_unpriced   AS lines_unpriced,
    point.lines_excluded   AS lines_excluded,
    point.lines_truncated  AS lines_truncated,
    point.sources          AS sources,
    point.sources_observed AS sources_observed,
    point.sources_missing  AS sources_missing,
    point.reasons          AS reasons,
    point.as_of            AS as_of,
    point.oldest_input     AS oldest_input,
    point.computed_at      AS computed_at
FROM
(
    SELECT
        tenant,
        portfolio,
        argMax(
            CAST(
                (bucket, assets, debt, net, lines, lines_unpriced, lines_excluded, lines_truncated, sources,
                 sources_observed, sources_missing, reasons, as_of, oldest_input, computed_at),
                'Tuple(bucket DateTime(''UTC''), assets Decimal(76, 36), debt Decimal(76, 36), net Decimal(76, 36),
                       lines UInt64, lines_unpriced UInt64, lines_excluded UInt64, lines_truncated UInt64,
                       sources UInt32, sources_observed UInt32, sources_missing UInt32,
                       reasons Map(LowCardinality(String), UInt64), as_of DateTime64(3, ''UTC''),
                       oldest_input DateTime64(3, ''UTC''), computed_at DateTime64(3, ''UTC''))'
            ),
            (bucket, version)
        ) AS point
    FROM portfolio_totals
    GROUP BY tenant, portfolio
);
