-- Whether a provider says so of the newest total of one of these sources.
SELECT count() > 0 AS doubtful
FROM reported_totals_current
WHERE tenant = {tenant:String} AND source IN {sources:Array(String)} AND reason = 'unreliable_conversion'
