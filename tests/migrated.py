"""One database that is brought up to date for all workers and servers of a run.

Migrations take seconds, and each worker and each `manage.py up` would run them on an empty file.
Where there are workers, the process that starts them makes one file meanwhile, and they copy it.
A run without workers, and one on another database, does without.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tests.live import ROOT, clean_environment


class Migrated:
    """The file, made in the background; it goes with the run."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="teammcp-migrated-"))
        self.folder = self._home / "done"
        self._thread = threading.Thread(target=self._make)
        self._thread.start()

    def _make(self) -> None:
        """A folder without the file, where it fails: workers then find out why by themselves."""
        place = self._home / "data"
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--skip-checks"],
            cwd=ROOT,
            env=clean_environment() | {"TEAMMCP_DATA_DIR": str(place)},
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        place.mkdir(exist_ok=True)
        place.rename(self.folder)

    def remove(self) -> None:
        self._thread.join()
        shutil.rmtree(self._home, ignore_errors=True)
