-- Which snapshot of each member stood at an instant, with all that is known now; empty where it had stated nothing yet.
SELECT
    source, account, scope,
    ifNull(toString(s.observed_at), '')  AS observed_at,
    ifNull(s.snapshot_id, '')            AS snapshot_id,
    ifNull(s.lines, 0)                   AS lines,
    covers
FROM statements_as_known(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
    known_at = {known_at:DateTime64(3, 'UTC')}) AS s
ORDER BY source
