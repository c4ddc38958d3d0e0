"""The `holdfast` command: one file per group of subcommands."""
