"""One folder per upstream system: the same world in its own words."""
