-- Who holds a token together, as a provider said at an instant. A statement is many rows here; it counts once its
-- row in `cluster_overviews` is stored, which is last, and clusters that it does not list are gone.
-- Shares and ratios are fractions, periods seconds, money US dollars; NULL is what was not said.
CREATE TABLE IF NOT EXISTS token_clusters
(
    tenant                 LowCardinality(String),
    token                  String,             -- CAIP-19
    provider               LowCardinality(String),
    observed_at            DateTime64(3, 'UTC'),
    event_id               String,             -- of the statement
    cluster                UInt32,             -- its place in the statement, from 0
    amount                 Nullable(Decimal(76, 36)),
    value_usd              Nullable(Decimal(76, 36)),
    share                  Nullable(Decimal(76, 36)),
    trends                 Array(LowCardinality(String)),
    average_holding_s      Nullable(Decimal(76, 36)),
    pnl_usd                Nullable(Decimal(76, 36)),
    pnl_ratio              Nullable(Decimal(76, 36)),
    buy_volume_usd         Nullable(Decimal(76, 36)),
    average_buy_price_usd  Nullable(Decimal(76, 36)),
    sell_volume_usd        Nullable(Decimal(76, 36)),
    average_sell_price_usd Nullable(Decimal(76, 36)),
    last_active_at         Nullable(DateTime64(3, 'UTC')),
    addresses              UInt32              -- how many are listed
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (tenant, token, provider, observed_at, event_id, cluster)
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS cluster_addresses
(
    tenant            LowCardinality(String),
    token             String,
    provider          LowCardinality(String),
    observed_at       DateTime64(3, 'UTC'),
    event_id          String,
    cluster           UInt32,
    position          UInt32,                  -- its place in the cluster, from 0
    address           String,
    amount            Nullable(Decimal(76, 36)),
    value_usd         Nullable(Decimal(76, 36)),
    share             Nullable(Decimal(76, 36)),
    average_holding_s Nullable(Decimal(76, 36)),
    last_active_at    Nullable(DateTime64(3, 'UTC')),
    is_contract       Nullable(Bool),
    is_exchange       Nullable(Bool),
    is_kol            Nullable(Bool),
    holder_rank       Nullable(UInt32),        -- among all holders of the token, from 1
    INDEX by_address address TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (tenant, token, provider, observed_at, event_id, cluster, position)
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS top_holders
(
    tenant                 LowCardinality(String),
    token                  String,
    provider               LowCardinality(String),
    observed_at            DateTime64(3, 'UTC'),
    event_id               String,
    holders                UInt32,             -- so many of the greatest, taken together
    amount                 Nullable(Decimal(76, 36)),
    share                  Nullable(Decimal(76, 36)),
    trends                 Array(LowCardinality(String)),
    average_holding_s      Nullable(Decimal(76, 36)),
    average_pnl_usd        Nullable(Decimal(76, 36)),
    average_buy_price_usd  Nullable(Decimal(76, 36)),
    average_buy_distance   Nullable(Decimal(76, 36)),
    average_sell_price_usd Nullable(Decimal(76, 36)),
    average_sell_distance  Nullable(Decimal(76, 36))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (tenant, token, provider, observed_at, event_id, holders)
SETTINGS index_granularity = 256;

CREATE TABLE IF NOT EXISTS cluster_overviews
(
    tenant                   LowCardinality(String),
    token                    String,
    provider                 LowCardinality(String),
    observed_at              DateTime64(3, 'UTC'),
    event_id                 String,
    fetched_at               DateTime64(3, 'UTC'),
    recorded_at              DateTime64(3, 'UTC'),
    job_id                   String,
    clusters                 UInt32,
    has_overview             Bool,             -- false: only clusters were stated
    concentration            LowCardinality(Nullable(String)),
    top_100_share            Nullable(Decimal(76, 36)),
    rug_pull_ratio           Nullable(Decimal(76, 36)),
    new_holder_ratio         Nullable(Decimal(76, 36)),
    same_fund_source_ratio   Nullable(Decimal(76, 36)),
    same_creation_time_ratio Nullable(Decimal(76, 36)),
    raw                      Array(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (tenant, token, provider, observed_at, event_id)
SETTINGS index_granularity = 256;
