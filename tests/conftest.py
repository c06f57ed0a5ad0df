"""What all tests start from."""

from __future__ import annotations

import gc
import os
import signal

from hypothesis import settings

# A busy machine is no fault of the code under test, and one commit has one outcome: new examples are for THOROUGH=1.
settings.register_profile("patient", deadline=None, derandomize=not os.environ.get("THOROUGH"))
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


def pytest_collection_finish() -> None:
    """What is there by now stays: looking through a million objects again and again costs a fifth of all time."""
    gc.collect()
    gc.freeze()
