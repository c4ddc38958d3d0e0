-- What some feeds had ever quoted by a time, of some assets; and '' for each that had quoted anything.
SELECT DISTINCT toString(source) AS feed, if(asset IN {assets:Array(String)}, asset, '') AS asset
FROM prices
WHERE source IN {feeds:Array(String)} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
