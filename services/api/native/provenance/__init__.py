"""Where a number comes from: the lines, events and bodies behind it, and what changed it in hindsight."""
