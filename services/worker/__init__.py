"""The worker: takes fetch jobs, asks the upstream, publishes what it said."""
