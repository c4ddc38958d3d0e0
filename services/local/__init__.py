"""Holdfast on one machine: the supervisor behind `holdfast up`, and `holdfast selftest`."""
