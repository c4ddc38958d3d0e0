-- What was seen once is no difference: an event was on its way.
DELETE FROM rebuilt_latest
WHERE run = {run:String} AND unit = {unit:String} AND (look != {look:UInt32} OR seen NOT IN
(
    SELECT seen
    FROM rebuilt_latest
    WHERE run = {run:String} AND unit = {unit:String}
    GROUP BY seen
    HAVING uniqExact(look) > 1
))
