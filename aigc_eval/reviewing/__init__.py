"""What people decided or labelled, taken into the run: checked in full, then recorded in its journal.

Whoever writes a file is not trusted: nothing is recorded unless everything in all files fits the run as it is now. No
decision alters a number, a verdict or an exit code; labels alter what is estimated with them, and gates on that.
"""

from aigc_eval.reviewing.exporting import labels
from aigc_eval.reviewing.importing import Imported, import_files

__all__ = ["Imported", "import_files", "labels"]
