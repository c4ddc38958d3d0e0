-- What upstreams really said, by hash, so that a parser's mistake can be repaired from the source.
CREATE TABLE IF NOT EXISTS raw_responses
(
    sha256        String,                      -- of the whole uncompressed body
    part          UInt16,
    parts         UInt16,
    provider      LowCardinality(String),
    tenant        LowCardinality(String),
    job_id        String,
    received_at   DateTime64(3, 'UTC'),
    method        LowCardinality(String),
    url           String,
    status        UInt16,
    content_type  LowCardinality(String),
    size_bytes    UInt64,
    body_base64   String EPHEMERAL '',         -- how JSON brings it in; not stored
    body          String DEFAULT base64Decode(body_base64) CODEC(NONE)  -- zlib, as it came from the worker
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (sha256, part, received_at)
TTL toDateTime(received_at) + INTERVAL 90 DAY
SETTINGS index_granularity = 256;
