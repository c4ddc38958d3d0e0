-- For each of these numbers, or seconds since the epoch, the newest stored block of the chain at or before it, looking
-- no further back than `first_number` and `first_second`. What has none there has no row.
SELECT asked.place AS place, known.block_number AS number, known.block_time AS time
FROM
(
    SELECT {chain:String} AS chain, arrayJoin({places:Array(UInt64)}) AS place
) AS asked
ASOF INNER JOIN
(
    SELECT
        {chain:String}                                                              AS chain,
        if({by_time:Bool}, toUInt64(toUnixTimestamp(best_time)), number)            AS block_place,
        max(number)                                                                 AS block_number,
        argMax(best_time, number)                                                   AS block_time
    FROM
    (
        -- The highest rank is right, as FINAL would have it; this way nothing is read that the bounds leave out.
        SELECT number, argMax(time, rank) AS best_time
        FROM blocks
        WHERE chain = {chain:String}
          AND number BETWEEN {first_number:UInt64} AND {last_number:UInt64}
          AND time BETWEEN fromUnixTimestamp64Second({first_second:Int64}) AND fromUnixTimestamp64Second({last_second:Int64})
        GROUP BY number
    )
    GROUP BY block_place
) AS known
    ON asked.chain = known.chain AND asked.place >= known.block_place
