-- Of the differences of a unit's last look: how many were there the look before as well, and how many were not.
SELECT countIf(looks > 1) AS standing, countIf(looks = 1) AS moving
FROM
(
    SELECT seen, uniqExact(look) AS looks
    FROM rebuilt_latest
    WHERE run = {run:String} AND unit = {unit:String}
    GROUP BY seen
    HAVING max(look) = {look:UInt32}
)
