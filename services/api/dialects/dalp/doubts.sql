-- Whether a provider said of a total of these sources, in this time, that it lacked a rate.
SELECT count() > 0 AS doubtful
FROM reported_totals
WHERE source IN {sources:Array(String)} AND reason = 'unreliable_conversion'
  AND observed_at BETWEEN {start:DateTime64(3, 'UTC')} AND {end:DateTime64(3, 'UTC')}
