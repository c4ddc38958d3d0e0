-- The pieces of these sources' past that are in: each with its end and its start in milliseconds, and the step in
-- seconds of the grid within, 0 for the present.
SELECT
    source,
    groupArray((toUnixTimestamp64Milli(window_end), toUnixTimestamp64Milli(window_start), every_s)) AS pieces
FROM history_windows FINAL
WHERE tenant = {tenant:String} AND feed = 'balances' AND source IN {sources:Array(String)}
GROUP BY source
