-- The engine's time, and when a day of a portfolio was last worked out (1970: never).
SELECT now64(3) AS now, max(computed_at) AS closed_at
FROM closed_days
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND day = {day:Date} AND span = 'all'
