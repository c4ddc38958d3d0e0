-- The assets of these snapshots, one row each over all accounts, with the split by account: what is held, and how much
-- of it is locked. Only lines with an asset and an amount, only assets: debts and values without amounts are no tokens,
-- and what rules leave out is shown nowhere.
SELECT
    asset,
    max(account_symbol)                                  AS symbol,
    max(account_type)                                    AS asset_type,
    max(account_class)                                   AS asset_class,
    sum(account_amount)                                  AS amount,
    sum(account_locked)                                  AS locked,
    sum(account_value)                                   AS value_usd,
    sum(account_unvalued)                                AS unvalued,
    arraySort(groupArray((account_name, account_amount, account_locked)))::Array(Tuple(
        account String, amount Decimal(76, 36), locked Decimal(76, 36)))   AS accounts,
    count() OVER ()                                      AS total
FROM
(
    SELECT
        assumeNotNull(toString(asset))                                         AS asset,
        splitByChar('/', source)[3]                                            AS account_name,
        max(toString(symbol))                                                  AS account_symbol,
        max(toString(asset_type))                                              AS account_type,
        max(toString(asset_class))                                             AS account_class,
        sum(assumeNotNull(amount))                                             AS account_amount,
        sumIf(assumeNotNull(amount), kind IN ('locked', 'vesting'))            AS account_locked,
        sum(ifNull(value_usd, toDecimal256(0, 36)))                            AS account_value,
        countIf(isNull(value_usd))                                             AS account_unvalued
    FROM balances FINAL
    WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
      AND NOT (kind = 'wallet' AND (source, ifNull(asset, '')) IN {receipts:Array(Tuple(String, String))})
      AND NOT has({excluded:Array(String)}, ifNull(asset, ''))
      AND asset IS NOT NULL AND amount > 0 AND side = 'asset'
    GROUP BY asset, account_name
)
GROUP BY asset
ORDER BY
    multiIf({sort:String} = 'balance', amount, {sort:String} = '-balance', negate(amount),
            {sort:String} = 'value', value_usd, {sort:String} = '-value', negate(value_usd), toDecimal256(0, 36)),
    if({sort:String} = 'symbol', symbol, ''),
    if({sort:String} = '-symbol', symbol, '') DESC,
    asset ASC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
