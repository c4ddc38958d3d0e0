-- What providers say an account's assets have returned: the view reported_returns_current for some accounts, in pages.
SELECT
    source, account, provider, scope, observed_at, fetched_at, block_number, quote, total_return,
    asset, amount, value, asset_return, nullIf(reason, '') AS reason
FROM reported_returns_current
WHERE tenant = {tenant:String} AND ({everything:Bool} OR account IN {accounts:Array(String)})
  AND (source, ifNull(asset, '')) > ({after_source:String}, {after_key:String})
ORDER BY source, ifNull(asset, '')
LIMIT {limit:UInt32}
