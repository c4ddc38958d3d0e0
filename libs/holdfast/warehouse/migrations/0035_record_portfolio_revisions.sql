-- Since when a revision of a portfolio's membership has been known here; of several writers the earliest counts.
CREATE TABLE IF NOT EXISTS registry_portfolio_revisions
(
    tenant        LowCardinality(String),
    portfolio     LowCardinality(String),
    revision      UInt64,
    recorded_at   SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    deleted       SimpleAggregateFunction(any, Bool)
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant, portfolio, revision);

CREATE MATERIALIZED VIEW IF NOT EXISTS registry_portfolio_revisions_from_portfolios TO registry_portfolio_revisions AS
SELECT tenant, portfolio, revision, now64(3) AS recorded_at, deleted FROM registry_portfolios;

-- Of revisions before this table only the newest is left, and not since when: they stand for all time before.
INSERT INTO registry_portfolio_revisions
SELECT tenant, portfolio, revision, toDateTime64(0, 3, 'UTC'), deleted FROM registry_portfolios FINAL;
