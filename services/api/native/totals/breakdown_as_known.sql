-- One axis of a portfolio's lines at an instant, as known at a time, with what comes before each key in their order.
SELECT *
FROM
(
    SELECT
        key, assets, debt, assets - debt AS net, lines, lines_unpriced,
        sum(assets) OVER before - assets AS assets_before,
        sum(debt) OVER before - debt     AS debt_before
    FROM
    (
        SELECT
            [ifNull(toString(asset), ''), toString(asset_type), toString(asset_class), ifNull(toString(chain), ''),
             toString(platform), account, provider, toString(kind), toString(side)]
                [indexOf(['asset', 'type', 'class', 'chain', 'platform', 'account', 'provider', 'kind', 'side'], {axis:String})] AS key,
            sumIf(ifNull(value_usd, toDecimal256(0, 36)), side != 'debt') AS assets,
            sumIf(ifNull(value_usd, toDecimal256(0, 36)), side = 'debt')  AS debt,
            count()                                                       AS lines,
            countIf(isNull(value_usd))                                    AS lines_unpriced
        FROM positions_as_known(
            tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
            known_at = {known_at:DateTime64(3, 'UTC')}, ranking = {ranking:Array(String)})
        WHERE counted
        GROUP BY key
    )
    WINDOW before AS (ORDER BY key ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE {after:Nullable(String)} IS NULL OR key > {after:Nullable(String)}
ORDER BY key
LIMIT {limit:UInt32}
