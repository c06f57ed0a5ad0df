"""What all tests start from."""

from __future__ import annotations

import signal

from hypothesis import settings

# A busy machine is no fault of the code under test.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")


def pytest_configure() -> None:
    """A shell starts background jobs with SIGINT ignored, and everything that a test starts would inherit that."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
