-- For each of these numbers, or seconds since the epoch, the newest stored block of the chain at or before it. One
-- that is before the first has no row.
SELECT asked.place AS place, known.block_number AS number, known.block_time AS time
FROM
(
    SELECT {chain:String} AS chain, arrayJoin({places:Array(UInt64)}) AS place
) AS asked
ASOF INNER JOIN
(
    SELECT
        toString(chain)                                                         AS chain,
        if({by_time:Bool}, toUInt64(toUnixTimestamp(time)), number)             AS block_place,
        max(number)                                                             AS block_number,
        argMax(time, number)                                                    AS block_time
    FROM blocks FINAL
    WHERE chain = {chain:String}
    GROUP BY chain, block_place
) AS known
    ON asked.chain = known.chain AND asked.place >= known.block_place
