"""Decides what is due and publishes it as jobs, each slot once, however many schedulers there are."""
