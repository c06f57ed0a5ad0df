"""A shell that outlives us: when this process is gone, however it went, programs that go on are killed."""

from __future__ import annotations

import subprocess
from contextlib import suppress

__all__ = ["Guard"]

_LAST_WILL = 'read -r _ || { sleep 1; kill -9 "-$0"; }'
"""A line read means that the program is over; the end of the input, that we are."""


class Guard:
    """Watches over one group of processes from a session of its own; where there is no shell nobody does.

    A death signal (PR_SET_PDEATHSIG) would need code between fork and exec, which is not safe among threads, and would
    come when the thread that started the program ends.
    """

    def __init__(self, group: int) -> None:
        self._shell: subprocess.Popen[bytes] | None = None
        with suppress(OSError):
            self._shell = subprocess.Popen(  # noqa: S603 (a fixed text and a number)
                ["/bin/sh", "-c", _LAST_WILL, str(group)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def dismiss(self) -> None:
        """The group is gone."""
        shell, self._shell = self._shell, None
        if shell is not None:
            with suppress(OSError, ValueError, subprocess.TimeoutExpired):
                shell.communicate(b"\n", timeout=1.0)
