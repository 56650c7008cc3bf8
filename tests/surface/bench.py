"""A rack of one slot whose drive answers to smartctl as a model does, and whose surface is a real path.

All but the drive is real: threads, actors, the reader and its child.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.adapters import reader_child
from orchestrator.adapters.reader import Reader
from orchestrator.adapters.threads import Threads
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Presence
from orchestrator.model.ports import Event
from orchestrator.operations.declare import shipped
from orchestrator.rack import Rack
from orchestrator.simulated.access import SimulatedAccess
from orchestrator.simulated.rack import Simulation, place
from orchestrator.system.system import Parts


@dataclass
class OnePath:
    """`Surfaces`: whichever drive is meant, this path is read."""

    path: Path
    more: dict[str, Any] = field(default_factory=dict)
    readers: list[Reader] = field(default_factory=list)

    def open(self, presence: Presence, *, stop: Event) -> Reader:
        self.readers.append(Reader(str(self.path), presence.drive.serial, stop=stop, **self.more))
        return self.readers[-1]


def rack_over(surfaces: OnePath) -> Rack:
    """Close it."""
    ports = Threads()
    clock = RackClock(ports)
    simulation = Simulation(ports, clock, 1, seed=7)
    parts = Parts(
        ports,
        clock,
        {1: "1"},
        {place(1): 1},
        simulation.make_source,
        SimulatedAccess(simulation.find),
        shipped(),
        surfaces=surfaces,
        close=ports.close,
    )
    return Rack(parts, simulation)


def hurried_child(folder: Path, body: str, *, at_a_time: str = "1.0") -> str:
    """The path of a reader's child with these statements in front of each read of `offset`."""
    source = Path(reader_child.__file__).read_text("utf-8")
    head = "    def pread(offset: int, length: int) -> int:\n"
    assert head in source
    program = folder / "child.py"
    assert "STRETCH_S = 1.0\n" in source
    source = source.replace("STRETCH_S = 1.0\n", f"STRETCH_S = {at_a_time}\n")
    program.write_text(source.replace(head, head + "".join(f"        {line}\n" for line in body.splitlines())))
    return str(program)
