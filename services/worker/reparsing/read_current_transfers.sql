-- What is stored of ranges that end at some blocks: of the tokens, and of the coin. Each transfer as texts.
SELECT
    source, of_coin, after_number, until_number, until_time, after_hash, until_hash, event_id, job_id, fetched_at,
    arrayMap(one -> [
        one.asset, toString(one.direction), ifNull(toString(one.amount), ''), one.counterparty, toString(one.block_number),
        one.block_hash, one.tx_hash, toString(one.log_index), toString(one.reason), toString(one.cause)], transfers) AS moved
FROM transfer_ranges FINAL
WHERE (source, until_time) IN
    (SELECT tupleElement(key, 1), tupleElement(key, 2)
     FROM (SELECT arrayJoin({keys:Array(Tuple(String, DateTime64(3, 'UTC'), String))}) AS key))
ORDER BY fetched_at, event_id, of_coin
