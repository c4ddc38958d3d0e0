-- A chain's own coin moves without a log. What it did is told by the balances of block after block, of as many blocks as
-- a node holds the state of: so a statement may know of tokens what it does not know of the coin. Each has a row, complete
-- in itself: of two that speak of one block the one fetched last holds, of tokens and of the coin apart.
ALTER TABLE transfer_ranges
    MODIFY COLUMN transfers Array(Tuple(
        asset String,
        direction LowCardinality(String),
        amount Nullable(Decimal(76, 36)),
        counterparty String,
        block_number UInt64,
        block_hash String,
        block_time DateTime64(3, 'UTC'),
        tx_hash String,
        log_index UInt32,                      -- of the coin: among what moved of it in the block
        reason LowCardinality(String),
        cause LowCardinality(String)));        -- transfer, fee or other; empty: transfer, from before coins were told of

ALTER TABLE transfer_ranges
    ADD COLUMN IF NOT EXISTS of_coin Bool,     -- of the chain's coin, else of its tokens
    MODIFY ORDER BY (source, until_number, event_id, fetched_at, of_coin);

-- As 0054 has them, of tokens and of the coin apart.
CREATE OR REPLACE VIEW transfers AS
SELECT
    tenant, source, account, provider, scope, chain,
    (said.2).block_time   AS at,
    (said.2).asset        AS asset,
    if((said.2).cause = '', 'transfer', (said.2).cause) AS cause,
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
        l.chain AS chain, l.of_coin AS of_coin, l.block_number AS block_number, l.log_index AS log_index,
        any(l.newest) AS said,
        max(r.newest) AS last_word
    FROM
    (
        SELECT
            tenant, source, account, provider, scope, chain, of_coin,
            transfer.block_number AS block_number,
            transfer.log_index AS log_index,
            argMax(((fetched_at, event_id), transfer, job_id), (fetched_at, event_id)) AS newest
        FROM transfer_ranges
        ARRAY JOIN transfers AS transfer
        GROUP BY tenant, source, account, provider, scope, chain, of_coin, block_number, log_index
    ) AS l
    INNER JOIN
    (
        SELECT
            source, of_coin, after_number, until_number, max((fetched_at, event_id)) AS newest,
            arrayJoin(range(bitShiftRight(after_number + 1, 14), bitShiftRight(until_number, 14) + 1)) AS stretch
        FROM transfer_ranges
        GROUP BY source, of_coin, after_number, until_number
    ) AS r ON r.source = l.source AND r.of_coin = l.of_coin AND r.stretch = bitShiftRight(l.block_number, 14)
    WHERE l.block_number > r.after_number AND l.block_number <= r.until_number
    GROUP BY tenant, source, account, provider, scope, chain, of_coin, block_number, log_index
)
WHERE said.1 = last_word;

CREATE OR REPLACE VIEW transfer_coverage AS
SELECT
    tenant, source, account, chain,
    if(of_coin, 'coin', 'tokens') AS assets,
    min(after_number) AS after_number,
    max(until_number) AS until_number,
    min(after_time)   AS after_time,
    max(until_time)   AS until_time
FROM
(
    SELECT
        *,
        sum(after_number > reached)
            OVER (PARTITION BY source, of_coin ORDER BY after_number, until_number ROWS UNBOUNDED PRECEDING) AS stretch
    FROM
    (
        SELECT
            tenant, source, account, chain, of_coin, after_number, until_number, after_time, until_time,
            max(until_number) OVER (
                PARTITION BY source, of_coin ORDER BY after_number, until_number
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS reached
        FROM transfer_ranges
    )
)
GROUP BY tenant, source, account, chain, of_coin, stretch;
