"""The rate of a key, on a clock of the test's own."""

from services.api.rate_limit import RateLimiter


def test_the_rate_is_kept_over_time() -> None:
    now = 0.0
    limiter = RateLimiter(per_minute=60, burst=2, monotonic=lambda: now)
    passed = 0
    for tenth in range(101):
        now = tenth / 10
        passed += limiter.take("key") == 0
    assert passed == 12  # 2 at once and 1 a second for 10 seconds
