-- The engine's time, by which it notes what comes late.
SELECT now64(3) AS now
