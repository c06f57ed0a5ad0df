"""The command line: `aigc-eval run bench.yaml` and its helpers; heavy packages are imported when they are needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from aigc_eval.cli.signals import Terminated, listening, settled
from aigc_eval.offline import OFFLINE

__all__ = ["OFFLINE", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 pass, 1 fail, 2 usage, 3 undetermined, 4 bug, 5 nothing, 130, 143."""
    for name, value in OFFLINE.items():
        os.environ.setdefault(name, value)
    try:
        with listening(to_the_end=argv is None):
            return settled(_main(list(sys.argv[1:] if argv is None else argv)))
    except (KeyboardInterrupt, Terminated):
        return settled(130)


def _main(args: list[str]) -> int:
    try:
        # Importing them adds their commands.
        from aigc_eval.cli import (  # noqa: F401
            checking,
            commands,
            comparing,
            exporting,
            gating,
            listing,
            packing,
            planning,
            reviewing,
            validating,
        )
        from aigc_eval.cli.app import app
        from aigc_eval.cli.stdio import outlets

        with outlets():
            app(args=args, prog_name="aigc-eval")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 2
    except OSError:  # neither stdout nor stderr takes another line
        return 3
    return 0
