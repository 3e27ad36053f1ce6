"""What the tests of kernels share."""

from hypothesis import settings

# The first example of a property may have to wait for the compiler; no test here is about time.
settings.register_profile("kernels", deadline=None)
settings.load_profile("kernels")
