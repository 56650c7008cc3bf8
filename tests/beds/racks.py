"""The whole program as a child, and the questions that a test asks it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("rack_child.py")
QUIET_S = 5.0
"""After so much quiet the slots are what is plugged in (I11)."""
ROOT = Path(__file__).parents[2]


class RackChild:
    """Answers line by line. Use it in a `with`."""

    def __init__(self, rack_file: Path, run: Path, env: Mapping[str, str], child: Path = CHILD) -> None:
        command = (sys.executable, str(child), str(rack_file), str(run))
        environment = {**os.environ, **env, "PYTHONPATH": str(ROOT)}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self.first = self._answer()

    def ask(self, line: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._answer()

    def slots(self) -> dict[int, str]:
        return {int(slot_id): said for slot_id, said in self.ask("slots").items()}

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def becomes(self, wanted: dict[int, str], within_s: float = QUIET_S) -> float:
        """Wait until the slots are so; the host seconds that it took."""
        began = time.monotonic()
        while (now := self.slots()) != wanted:
            waited = time.monotonic() - began
            assert waited < within_s, {
                n: (now[n], wanted[n], self.ask("reasons")[str(n)]) for n in now if now[n] != wanted[n]
            }
            time.sleep(0.02)
        return time.monotonic() - began

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the rack ended with {self._process.wait(10)}"
        return json.loads(line)

    def __enter__(self) -> "RackChild":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(timeout=20)  # closes stdin, which ends it
        finally:
            self._process.kill()
            self._process.wait()
