"""tests/beds/rack_child.py, for drives that can be read too: their surface is the file SURFACE, read by our own reader.

What is on the bed has no data: the preload library answers commands, and there is no node in the machine's own /dev.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.adapters.reader import Reader
from orchestrator.model.drive import Presence
from orchestrator.model.ports import Event
from orchestrator.system import real
from tests.beds.rack_child import main


class FileSurfaces:
    def open(self, presence: Presence, *, stop: Event) -> Reader:
        return Reader(os.environ["SURFACE"], presence.drive.serial, stop=stop)


if __name__ == "__main__":
    made = real.parts

    def parts(*arguments: Any, **options: Any) -> Any:
        return replace(made(*arguments, **options), surfaces=FileSurfaces())

    real.parts = parts
    main(Path(sys.argv[1]), Path(sys.argv[2]))
