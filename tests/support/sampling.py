"""How many random examples a test tries: few whenever it runs, many under the chaos marker."""

from hypothesis import HealthCheck, Phase, settings

# An example is a world on a real engine: it takes as long as it takes, in a database that all of them share.
_ALLOWED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)
_NO_EXPLAINING = (Phase.explicit, Phase.generate, Phase.shrink)


def few(examples: int) -> settings:
    """Found anew each time: what failed before is not tried first."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=_ALLOWED, phases=_NO_EXPLAINING)


def many(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=_ALLOWED)
