-- Of which tokens these sources ever could not say how much there is; null where they stated a value of no token.
SELECT DISTINCT source, asset
FROM balances
WHERE source IN {sources:Array(String)}
  AND observed_at <= {until:DateTime64(3, 'UTC')}
  AND amount IS NULL
  AND reason NOT IN {left_out:Array(String)}
