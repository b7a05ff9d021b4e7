from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
settings.register_profile("ci", parent=settings.get_profile("default"), max_examples=200, print_blob=True)
settings.load_profile("default")  # --hypothesis-profile=ci takes precedence
