"""The vocabulary and the arithmetic: pure, no I/O, no clock of its own."""
