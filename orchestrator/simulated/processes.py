"""The port for child processes, without processes: every smartctl call is answered by the stand-in.

It waits only through the caller's `stop`, so that the seeded scheduler can run it. The faults of a drive model show
here as the real tool would show them: no answer, a slow one, one that cannot be read.
"""

from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from orchestrator.model.ports import Event, Finished
from orchestrator.simulated.drive import SLOW_S, DriveModel
from orchestrator.simulated.smartctl import StandInSmartctl, parsed

MISSING: Final = 127
KILLED: Final = -9


class SimulatedProcesses:
    """`Processes` whose only program is smartctl, with or without sudo in front."""

    def __init__(self, find_by_node: Callable[[str], DriveModel | None], tool: StandInSmartctl | None = None) -> None:
        self._find = find_by_node
        self._tool = tool or StandInSmartctl(find_by_node)

    def run(self, argv: tuple[str, ...], *, deadline_s: float, stop: Event) -> Finished:
        """As the port says: blocks at most `deadline_s`, and not at all unless the drive makes it wait."""
        if stop.is_set():
            return Finished(KILLED, b"", ended_by="stop")
        at = next((i for i, word in enumerate(argv) if PurePath(word).name == "smartctl"), None)
        if at is None:
            return Finished(MISSING, b"", f"{argv[0]}: not in the simulation".encode())
        arguments = argv[at + 1 :]
        model = self._find(parsed(arguments).node)
        faults = model.faults if model else set()
        if "hang" in faults or ("slow" in faults and deadline_s <= SLOW_S):
            return Finished(KILLED, b"", ended_by="stop" if stop.wait(deadline_s) else "deadline")
        if "slow" in faults and stop.wait(SLOW_S):
            return Finished(KILLED, b"", ended_by="stop")
        status, output = self._tool.run(arguments)
        return Finished(status, _broken(output) if "garbage" in faults else output)


def _broken(output: bytes) -> bytes:
    """Cut in the middle, after bytes that are no text."""
    half = len(output) // 2
    return output[: half // 2] + b"\xff\xfe\x00\xc3" + output[half // 2 : half]
