-- What a fetch asked and was answered, in order: enough to give its provider the same answers again. What was asked
-- is kept as a hash (method, path, query, body), because it may say things that should not be stored.
ALTER TABLE raw_responses ADD COLUMN IF NOT EXISTS started_at Nullable(DateTime64(3, 'UTC'));
ALTER TABLE raw_responses ADD COLUMN IF NOT EXISTS place UInt32;
ALTER TABLE raw_responses ADD COLUMN IF NOT EXISTS sent_at Nullable(DateTime64(3, 'UTC'));
ALTER TABLE raw_responses ADD COLUMN IF NOT EXISTS request_sha256 String;

-- A body may come twice, to one fetch or to two: by its hash it is kept once, here each time is a row of its own.
CREATE TABLE IF NOT EXISTS exchanges
(
    tenant         LowCardinality(String),
    provider       LowCardinality(String),
    job_id         String,
    started_at     DateTime64(3, 'UTC'),       -- of the attempt: fetches has the same
    place          UInt32,                     -- in the order of arrival, from 0
    sent_at        DateTime64(3, 'UTC'),
    received_at    DateTime64(3, 'UTC'),
    method         LowCardinality(String),
    url            String,                     -- without its query's secrets
    request_sha256 String,
    status         UInt16,
    content_type   LowCardinality(String),
    sha256         String,                     -- of the body: raw_response_bodies has it
    INDEX by_body sha256 TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (job_id, started_at, place, received_at)
TTL toDateTime(received_at) + INTERVAL 90 DAY
SETTINGS index_granularity = 256;

CREATE MATERIALIZED VIEW IF NOT EXISTS exchanges_from_raw_responses TO exchanges AS
SELECT
    tenant, provider, job_id, assumeNotNull(started_at) AS started_at, place, assumeNotNull(sent_at) AS sent_at,
    received_at, method, url, request_sha256, status, content_type, sha256
FROM raw_responses
WHERE part = 1 AND started_at IS NOT NULL AND sent_at IS NOT NULL AND request_sha256 != '';
