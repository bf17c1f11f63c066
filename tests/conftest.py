"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A busy machine is no reason to fail: the tests' own limits judge what is slow.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
