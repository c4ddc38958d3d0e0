-- What the logs of a chain say came and went, a range of blocks a row, so that nobody sees half of one. A range is
-- complete: a transfer that it does not list is not in its blocks. Every statement stays; of several that speak of one
-- block the one fetched last holds (see the view `transfers`), so what a reorganisation undid is known and does not count.
CREATE TABLE IF NOT EXISTS transfer_ranges
(
    source        String,
    after_number  UInt64,                      -- the last block before the range
    after_hash    String,
    after_time    DateTime64(3, 'UTC'),
    until_number  UInt64,                      -- the last block of the range
    until_hash    String,
    until_time    DateTime64(3, 'UTC'),
    event_id      String,
    tenant        LowCardinality(String),
    provider      LowCardinality(String),
    account       String,
    scope         LowCardinality(String),
    chain         LowCardinality(String),      -- CAIP-2
    fetched_at    DateTime64(3, 'UTC'),
    recorded_at   DateTime64(3, 'UTC'),        -- of several copies the earliest counts
    job_id        String,
    transfers     Array(Tuple(
                      asset String,
                      direction LowCardinality(String),
                      amount Nullable(Decimal(76, 36)),
                      counterparty String,
                      block_number UInt64,
                      block_hash String,
                      block_time DateTime64(3, 'UTC'),
                      tx_hash String,
                      log_index UInt32,
                      reason LowCardinality(String))),
    raw           Array(String),
    rank          UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(recorded_at))
)
ENGINE = ReplacingMergeTree(rank)
PARTITION BY toYYYYMM(until_time)
ORDER BY (source, until_number, event_id, fetched_at)
SETTINGS index_granularity = 256;

-- Each transfer once, as the last statement about its block has it. A block's statements are looked for among those of
-- its stretch of 16,384 blocks.
CREATE OR REPLACE VIEW transfers AS
SELECT
    tenant, source, account, provider, scope, chain,
    (said.2).block_time   AS at,
    (said.2).asset        AS asset,
    (said.2).direction    AS direction,
    (said.2).amount       AS amount,
    (said.2).counterparty AS counterparty,
    block_number,
    (said.2).block_hash   AS block_hash,
    (said.2).tx_hash      AS tx_hash,
    log_index,
    (said.2).reason       AS reason,
    (said.1).1            AS fetched_at,
    said.3                AS job_id
FROM
(
    SELECT
        l.tenant AS tenant, l.source AS source, l.account AS account, l.provider AS provider, l.scope AS scope,
        l.chain AS chain, l.block_number AS block_number, l.log_index AS log_index,
        any(l.newest) AS said,
        max(r.newest) AS last_word
    FROM
    (
        SELECT
            tenant, source, account, provider, scope, chain,
            transfer.block_number AS block_number,
            transfer.log_index AS log_index,
            argMax(((fetched_at, event_id), transfer, job_id), (fetched_at, event_id)) AS newest
        FROM transfer_ranges
        ARRAY JOIN transfers AS transfer
        GROUP BY tenant, source, account, provider, scope, chain, block_number, log_index
    ) AS l
    INNER JOIN
    (
        SELECT
            source, after_number, until_number, max((fetched_at, event_id)) AS newest,
            arrayJoin(range(bitShiftRight(after_number + 1, 14), bitShiftRight(until_number, 14) + 1)) AS stretch
        FROM transfer_ranges
        GROUP BY source, after_number, until_number
    ) AS r ON r.source = l.source AND r.stretch = bitShiftRight(l.block_number, 14)
    WHERE l.block_number > r.after_number AND l.block_number <= r.until_number
    GROUP BY tenant, source, account, provider, scope, chain, block_number, log_index
)
WHERE said.1 = last_word;

-- From which block to which the transfers of a source are known without a gap; more than one row where there are gaps.
CREATE OR REPLACE VIEW transfer_coverage AS
SELECT
    tenant, source, account, chain,
    min(after_number) AS after_number,
    max(until_number) AS until_number,
    min(after_time)   AS after_time,
    max(until_time)   AS until_time
FROM
(
    SELECT
        *,
        sum(after_number > reached) OVER (PARTITION BY source ORDER BY after_number, until_number ROWS UNBOUNDED PRECEDING) AS stretch
    FROM
    (
        SELECT
            tenant, source, account, chain, after_number, until_number, after_time, until_time,
            max(until_number) OVER (
                PARTITION BY source ORDER BY after_number, until_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS reached
        FROM transfer_ranges
    )
)
GROUP BY tenant, source, account, chain, stretch;
