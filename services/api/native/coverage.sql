-- The pieces of these sources' past that are in: each from a start to an end in milliseconds, and the step in seconds
-- of the grid within, 0 for the present.
SELECT
    source,
    groupArray((toUnixTimestamp64Milli(window_start), toUnixTimestamp64Milli(window_end), every_s)) AS pieces
FROM history_windows FINAL
WHERE tenant = {tenant:String} AND feed = 'balances' AND source IN {sources:Array(String)}
GROUP BY source
