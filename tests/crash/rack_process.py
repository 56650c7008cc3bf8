"""A rack in a process of its own that is used as if it were here, and can be killed.

    rack = RackProcess(rack_file) ──▶ rack.run_smart_test(1, 3) ──pickle──▶ Rack.from_config(...).run_smart_test(1, 3)

python rack_process.py RACK.yaml SPEED RUN        SPEED: rack seconds per host second; RUN stands for /run
"""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0
"""Host seconds that anything may take to happen."""


class RackProcess:
    """Has the methods of Rack that answer at once or wait; what they raise is raised here. Use it in a `with`."""

    def __init__(
        self, rack_file: Path, *, speed: float = 1.0, run: Path = Path("/run"), env: Mapping[str, str] | None = None
    ) -> None:
        """Returns when the rack has been entered."""
        environment = {**os.environ, **(env or {}), "PYTHONPATH": str(ROOT)}
        command, pipe = (sys.executable, __file__, str(rack_file), str(speed), str(run)), subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment)
        self._answer()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            pickle.dump((name, arguments, options), self._process.stdin)
            self._process.stdin.flush()
            return self._answer()

        return call

    def kill(self) -> None:
        """SIGKILL, and it is gone."""
        self._process.kill()
        self._process.communicate(timeout=10)

    def _answer(self) -> Any:
        raised, answer = pickle.load(self._process.stdout)  # noqa: S301  our own child
        if raised:
            raise answer
        return answer

    def __enter__(self) -> "RackProcess":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._process.returncode is None:
                self._process.communicate(timeout=20)  # closes stdin, which ends it
        finally:
            self._process.kill()
            self._process.wait(10)


def until(happens: Callable[[], object]) -> None:
    """Wait for it; the test fails when it does not happen in PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def main(file: Path, speed: float, run: Path) -> None:
    from orchestrator.model.clock import RackClock
    from orchestrator.model.errors import OrchestratorError
    from orchestrator.rack import Rack
    from orchestrator.settings.rack_file import load_rack_file
    from orchestrator.system import real

    parts = real.parts(load_rack_file(file), file, run=run)
    with Rack(replace(parts, clock=RackClock(parts.ports, speed))) as rack:
        said: tuple[bool, Any] = (False, None)
        while True:
            pickle.dump(said, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            try:
                name, arguments, options = pickle.load(sys.stdin.buffer)  # noqa: S301  our own parent
            except EOFError:
                return
            try:
                said = (False, getattr(rack, name)(*arguments, **options))
            except OrchestratorError as error:
                said = (True, error)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
