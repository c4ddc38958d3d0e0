-- The piece of history that a job of lane backfill asked for; NULL for what was asked of the present.
ALTER TABLE fetches
    ADD COLUMN IF NOT EXISTS window_start   Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS window_end     Nullable(DateTime64(3, 'UTC')),
    ADD COLUMN IF NOT EXISTS window_every_s Nullable(UInt32);
