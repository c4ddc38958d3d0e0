-- Lines of which something is unknown were not compared: a run from before is no proof, and must not be swapped in.
TRUNCATE TABLE IF EXISTS rebuilt_lines;
TRUNCATE TABLE IF EXISTS rebuilt_totals;
TRUNCATE TABLE IF EXISTS rebuilt_latest;
TRUNCATE TABLE IF EXISTS rebuild_units;
