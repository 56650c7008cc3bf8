"""The parts of a simulated rack on real threads: the real adapters over a stand-in smartctl and drive models."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.adapters.smartctl import Smartctl
from orchestrator.adapters.suites import PytestSuites
from orchestrator.adapters.threads import Threads
from orchestrator.model.budget import NO_BUDGET, controller_of
from orchestrator.model.clock import RackClock
from orchestrator.model.errors import InvalidArgument
from orchestrator.model.ports import Store
from orchestrator.operations.declare import collect
from orchestrator.simulated.processes import SimulatedProcesses
from orchestrator.simulated.rack import Simulation, place
from orchestrator.simulated.surface import SimulatedLamps, SimulatedSurfaces
from orchestrator.system.limits import budget_of, heat_of
from orchestrator.system.system import Parts

if TYPE_CHECKING:
    from orchestrator.model.recipe import Recipe
    from orchestrator.settings.rack_file import RackSettings

MOST_SLOTS = 10_000
MOST_SPEED = 1e6


def parts(
    slots: int,
    speed: float,
    seed: int,
    *,
    tool_deadline_s: float = 60.0,
    described: "RackSettings | None" = None,
    store: Store | None = None,
) -> tuple[Parts, Simulation]:
    """`tool_deadline_s`: host seconds for one call of the stand-in smartctl. `described`: whose plan, budget
    and temperatures are every slot's."""
    if not isinstance(slots, int) or not 1 <= slots <= MOST_SLOTS:
        raise InvalidArgument(f"slots is {slots!r}; a simulated rack has 1 to {MOST_SLOTS}")
    if not isinstance(speed, int | float) or not 0 < speed <= MOST_SPEED:
        raise InvalidArgument(f"speed is {speed!r}; it takes a number above 0, up to {MOST_SPEED:g}")
    ports = Threads()
    clock = RackClock(ports, float(speed))
    simulation = Simulation(ports, clock, slots, seed)
    for slot_id, faults in described.simulated.faults.items() if described and described.simulated else ():
        for fault in faults:
            simulation.inject(slot_id, fault)
    access = Smartctl(SimulatedProcesses(simulation.find_by_node), deadline_s=tool_deadline_s)
    surfaces = SimulatedSurfaces(simulation.find, clock, deadline_s=tool_deadline_s)
    lamps = SimulatedLamps(simulation.find)
    labels = {slot_id: str(slot_id) for slot_id in simulation.slot_ids()}
    keys = {place(slot_id): slot_id for slot_id in labels}
    return Parts(
        ports,
        clock,
        labels,
        keys,
        simulation.make_source,
        access,
        collect(),
        plans=dict.fromkeys(labels, described.plan) if described and described.plan else {},
        budget=budget_of(described) if described else NO_BUDGET,
        heat=dict.fromkeys(labels, heat) if described and (heat := heat_of(described.temperature)) else {},
        controllers={slot_id: controller_of(place(slot_id)) for slot_id in labels},
        surfaces=surfaces,
        lamps=lamps,
        suites=PytestSuites(simulated=True),
        close=ports.close,
        store=store,
        recipes=_shipped if described is None else lambda: described.recipes,
    ), simulation


def _shipped() -> "Mapping[str, Recipe]":
    from orchestrator.settings.recipes import shipped  # reads YAML: only for those who want a recipe

    return shipped()
