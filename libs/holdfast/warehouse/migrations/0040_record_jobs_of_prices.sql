-- The fetch that brought a price: the way from a value to what the price feed answered.
ALTER TABLE prices ADD COLUMN IF NOT EXISTS job_id String;
