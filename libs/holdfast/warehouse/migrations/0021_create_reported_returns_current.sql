-- What each provider last said an account's assets have returned: a row for each asset. An asset that the last
-- statement does not name is gone; a statement without assets is one row with a NULL asset.
CREATE OR REPLACE VIEW reported_returns_current AS
SELECT
    r.tenant        AS tenant,
    r.source        AS source,
    r.account       AS account,
    r.provider      AS provider,
    r.scope         AS scope,
    r.observed_at   AS observed_at,
    r.fetched_at    AS fetched_at,
    r.block_number  AS block_number,
    r.quote         AS quote,
    r.total_return  AS total_return,
    nullIf(item.asset, '') AS asset,
    item.amount     AS amount,
    item.value      AS value,
    item.total_return AS asset_return,
    item.reason     AS reason
FROM
(
    SELECT *
    FROM reported_returns
    ORDER BY observed_at DESC, fetched_at DESC, event_id DESC
    LIMIT 1 BY source
) AS r
LEFT ARRAY JOIN r.items AS item;
