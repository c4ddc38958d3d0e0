-- A transfer after a day's last statement is known for what it is once the next statement is in, and every block up to it.
-- That may be long after the day was worked out, and nothing of it is late: so the day says whom it waits for.
ALTER TABLE closed_days ADD COLUMN IF NOT EXISTS awaits Array(String); -- sources
