-- The registry as SQL sees it. KV is the truth; these rows repeat it, their revision in the key, so that
-- writing them again changes nothing and an older revision never wins.
CREATE TABLE IF NOT EXISTS registry_portfolios
(
    tenant        LowCardinality(String),
    portfolio     LowCardinality(String),
    revision      UInt64,                      -- of the registry when its membership was last worked out
    name          String,
    base_currency LowCardinality(String),
    deleted       Bool,
    digest        String                       -- of this row and its sources: what changed, changes it
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, portfolio);

-- The counted sources of each portfolio, nested portfolios resolved; only rows of the portfolio's newest
-- revision count.
CREATE TABLE IF NOT EXISTS registry_portfolio_sources
(
    tenant        LowCardinality(String),
    portfolio     LowCardinality(String),
    revision      UInt64,
    source        String,
    account       String,
    provider      LowCardinality(String),
    scope         LowCardinality(String),
    valid_from    DateTime64(3, 'UTC'),        -- inclusive; 1970-01-01 is "from the beginning"
    valid_to      DateTime64(3, 'UTC'),        -- exclusive; 2200-01-01 is "still"
    INDEX by_source source TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, portfolio, revision, source, valid_from)
SETTINGS index_granularity = 256;

CREATE TABLE IF NOT EXISTS registry_accounts
(
    tenant        LowCardinality(String),
    account       String,
    revision      UInt64,
    spelling      String,
    label         String,
    sources       Array(Tuple(provider String, feed String, scope String, every_s UInt32, counted Bool, paused String)),
    deleted       Bool
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (tenant, account);
