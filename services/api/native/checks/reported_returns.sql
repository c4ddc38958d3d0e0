-- What providers said of what an account's assets have returned, as known at a time: the view reported_returns_as_known
-- for some accounts, in pages.
SELECT
    source, account, provider, scope, observed_at, fetched_at, block_number, quote, total_return,
    asset, amount, value, asset_return, nullIf(reason, '') AS reason
FROM reported_returns_as_known(at = {at:DateTime64(3, 'UTC')}, known_at = {known_at:DateTime64(3, 'UTC')})
WHERE tenant = {tenant:String} AND ({everything:Bool} OR account IN {accounts:Array(String)})
  AND (source, ifNull(asset, '')) > ({after_source:String}, {after_key:String})
ORDER BY source, ifNull(asset, '')
LIMIT {limit:UInt32}
