"""A rack in virtual time, and the operations that its days are made of."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from orchestrator.model.budget import NO_BUDGET, Budget, Load
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Drive
from orchestrator.model.plan import Plan, Step
from orchestrator.model.ports import Sighting, Store
from orchestrator.model.recipe import Growth, Limit, OnFail, Recipe, RecipeStep
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import Between, Operations, operation, shipped
from orchestrator.rack import Rack
from orchestrator.simulated.access import SimulatedAccess
from orchestrator.simulated.rack import Simulation, place
from orchestrator.simulated.surface import SimulatedLamps, SimulatedSurfaces
from orchestrator.simulated.world import World
from orchestrator.system.system import Parts


@operation(pausable=True, load=Load.FULL_READ)
def walk(drive: Drive, bench: Bench, *, steps: Annotated[int, Between(0, 1000)] = 20, pace_s: float = 10.0) -> int:
    """Walks over a drive, and can stand still."""
    for step in range(steps):
        bench.checkpoint()
        bench.progress(100 * step / steps)
        bench.sleep(pace_s)
    return steps


@operation()
def two_steps(drive: Drive, bench: Bench, *, pace_s: float = 10.0) -> bool:
    """A child, then another."""
    taken = bench.run(walk, steps=3, pace_s=pace_s)
    return bool(bench.run("run_smart_test", kind="short")) and taken == 3


@operation()
def stumble(drive: Drive, bench: Bench) -> str:
    """An operation with a bug."""
    bench.sleep(1)
    raise LookupError("a bug of the operation's author")


def _step(name: str, **options: Any) -> RecipeStep:
    return RecipeStep(Step(name, tuple(options.items())))


RECIPES = {
    "strict": Recipe(
        "strict",
        "stops at the first step that is not good",
        (_step("read_health"), _step("run_smart_test", kind="short"), _step("walk", steps=5)),
        (Growth("attribute_5_raw", 0), Growth("grown_defects", 0), Growth("media_errors", 0)),
    ),
    "patient": Recipe(
        "patient",
        "goes on whatever comes, but not for ever",
        (
            replace(_step("walk", steps=30), timeout_s=120.0, on_fail=OnFail.CONTINUE),
            replace(_step("run_smart_test", kind="extended"), timeout_s=7200.0, on_fail=OnFail.CONTINUE),
            replace(_step("stumble"), on_fail=OnFail.CONTINUE),
            replace(_step("read_scan", end_lba=10_000_000), limits=(Limit("unreadable_places", at_most=0),)),
            _step("run_smart_test", kind="short"),
        ),
    ),
}


def operations() -> Operations:
    return shipped() | {op.name: op for op in (walk, two_steps, stumble)}


def build(
    world: World,
    slots: int = 3,
    seed: int = 0,
    *,
    speed: float = 1.0,
    latency_s: float = 0.05,
    announce: Callable[[Sighting], tuple[Sighting, ...]] = lambda sighting: (sighting,),
    wrap: Callable[[Any], Any] = lambda access: access,
    store: Store | None = None,
    simulation: Simulation | None = None,
    plans: Mapping[int, Plan] | None = None,
    budget: Budget = NO_BUDGET,
) -> Rack:
    """The real system over drive models, without smartctl's text; `simulation`: those of an earlier process."""
    clock = RackClock(world, speed)
    if simulation is None:
        simulation = Simulation(world, clock, slots, seed, announce=announce)
    ids = simulation.slot_ids()
    parts = Parts(
        world,
        clock,
        {slot_id: f"A{slot_id}" for slot_id in ids},
        {place(slot_id): slot_id for slot_id in ids},
        simulation.make_source,
        wrap(SimulatedAccess(simulation.find, latency_s=latency_s)),
        operations(),
        store,
        surfaces=SimulatedSurfaces(simulation.find, clock),
        lamps=SimulatedLamps(simulation.find),
        plans=plans or {},
        budget=budget,
        recipes=lambda: RECIPES,
        controllers={slot_id: f"pci-{slot_id % 2}" for slot_id in ids},
    )
    return Rack(parts, simulation)
