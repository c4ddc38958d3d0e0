-- Snapshots and their lines by provider, each once however often it was delivered.
SELECT
    provider,
    count()    AS snapshots,
    sum(lines) AS balances
FROM snapshots FINAL
GROUP BY provider
ORDER BY provider
