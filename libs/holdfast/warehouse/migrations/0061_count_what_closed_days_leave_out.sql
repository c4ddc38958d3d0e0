-- Receipts of listed positions and what the rules leave out are in no return; how many lines there were is told, as of totals.
ALTER TABLE closed_days ADD COLUMN IF NOT EXISTS lines_excluded UInt64; -- listed at the end, and left out on purpose

-- What every method says for every closed day, from the very beginning to its end and for the day alone.
CREATE OR REPLACE VIEW portfolio_returns AS
SELECT
    tenant,
    portfolio,
    day,
    span,
    if(span = 'day', toNullable(toDateTime64(day, 3, 'UTC')), NULL) AS start,
    toDateTime64(day + 1, 3, 'UTC')  AS end,
    'iso4217:USD'                    AS currency,
    one.method                       AS method,
    toBool(one.reason = '')          AS available,
    one.reason                       AS reason,
    one.detail                       AS detail,
    one.missing                      AS missing,
    one.covered                      AS covered,
    one.gain                         AS gain,
    one.opening                      AS opening,
    one.closing                      AS closing,
    one.invested                     AS invested,
    one.realised                     AS realised,
    one.unrealised                   AS unrealised,
    one.unrealised_opening           AS unrealised_opening,
    one.cost                         AS cost,
    one.rate                         AS rate,
    one.annual                       AS annual,
    lines - lines_unpriced           AS lines_priced,
    lines_unpriced,
    lines_stale,
    lines_excluded,
    sources,
    sources_missing,
    oldest_input,
    newest_input,
    reasons,
    toBool(lines_unpriced = 0 AND sources_missing = 0 AND sources > 0) AS complete,
    computed_at
FROM closed_days FINAL
ARRAY JOIN returns AS one;
