"""One folder per upstream system: the same world in its own words.

To add one: a class with `name`, `prefixes`, `answer`, `refuse` and `caller` (services.simulator.exchange),
named in `services.simulator.app.build_app`; knobs, log and clock come with that. What its customers
register goes into `services.simulator.admin.registration`, what its sources must add up to into
`services.simulator.world.truth`.
"""
