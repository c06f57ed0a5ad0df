"""What all tests start from."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# A busy machine is no fault of the code under test.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")


def pytest_configure() -> None:
    """Wherever the tests run, they start alike.

    In CI every host must be named, and a shell starts background jobs with SIGINT ignored; what a test starts would
    inherit both.
    """
    for name in ("CI", "GITHUB_ACTIONS", "SOURCE_DATE_EPOCH", "NO_COLOR"):
        os.environ.pop(name, None)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
