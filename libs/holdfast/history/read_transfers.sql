-- What chains say came in (+) and went out (−) of some sources, as known at a time: each transfer once, as the last
-- statement about its block has it (the view `transfers`). Left out are those of unknown amount and those that move
-- nothing. What no transaction tells is named by its block.
SELECT
    source, of_coin, block_number, said.2.block_time AS at, said.2.asset AS asset,
    if(said.2.direction = 'out', negate(assumeNotNull(said.2.amount)), assumeNotNull(said.2.amount)) AS delta,
    if(said.2.tx_hash = '', said.2.block_hash, said.2.tx_hash) AS hash
FROM
(
    SELECT
        l.source AS source, l.of_coin AS of_coin, l.block_number AS block_number, l.log_index AS log_index,
        any(l.newest) AS said, max(r.newest) AS last_word
    FROM
    (
        SELECT
            source, of_coin, transfer.block_number AS block_number, transfer.log_index AS log_index,
            argMax(((fetched_at, event_id), transfer), (fetched_at, event_id)) AS newest
        FROM transfer_ranges
        ARRAY JOIN transfers AS transfer
        WHERE source IN {sources:Array(String)} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY source, of_coin, block_number, log_index
    ) AS l
    INNER JOIN
    (
        SELECT
            source, of_coin, after_number, until_number, max((fetched_at, event_id)) AS newest,
            arrayJoin(range(bitShiftRight(after_number + 1, 14), bitShiftRight(until_number, 14) + 1)) AS stretch
        FROM transfer_ranges
        WHERE source IN {sources:Array(String)} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
        GROUP BY source, of_coin, after_number, until_number
    ) AS r ON r.source = l.source AND r.of_coin = l.of_coin AND r.stretch = bitShiftRight(l.block_number, 14)
    WHERE l.block_number > r.after_number AND l.block_number <= r.until_number
    GROUP BY source, of_coin, block_number, log_index
)
WHERE said.1 = last_word AND isNotNull(said.2.amount) AND said.2.amount != 0 AND said.2.direction != 'self'
    AND said.2.block_time <= {until:DateTime64(3, 'UTC')}
ORDER BY source, block_number, of_coin, log_index
