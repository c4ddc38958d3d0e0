-- What is told again after something else was told at its place is a change as well: A, then B, then A once more. It has
-- a note of its own, written when the aggregator next looks (note_told_again.sql), so that what came counts by when it
-- `first` came and by nothing that moves: of two contradicting statements one that is read again every minute would
-- otherwise have all later days worked out again every minute.
--
-- What nobody has told for so long is worked in for good. One that is told again later costs one look more.
ALTER TABLE late_inputs
    ADD COLUMN IF NOT EXISTS again DateTime64(3, 'UTC') AFTER identity, -- when what was told in between came; 1970: told first
    MODIFY ORDER BY (kind, key, at, place, identity, again);

ALTER TABLE late_inputs MODIFY TTL toDateTime(last) + INTERVAL 400 DAY;
