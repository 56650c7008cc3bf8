"""Random plugging of drives into slots with plans: pulled, swapped, put back, flapping 100 times a second, while
events get lost, doubled or late, drives sicken, plan jobs are cancelled and handlers throw. No other jobs.

    python -m tests.simulation.plugging 0-1000 [CHANGES]
"""

import sys

from orchestrator.model.job import OpenedBy
from orchestrator.simulated.world import World
from tests.simulation.day import SICKNESS, Day, live, main


class Plugging(Day):
    """`jobs` is the number of changes."""

    planned = 1.0

    def run(self) -> None:
        world, rng = self.world, self.rng
        world.crash = self.crash
        pace = rng.choice(((0.0, 0.3, 1.0), (0.0, 1.0, 15.0, 120.0), (600.0,)))
        for _ in range(self.jobs):
            world.sleep(rng.choice(pace))
            self.change(rng.randint(1, self.slots))
            self.truth.overdue()
        self.over = True
        world.sleep(5)
        self.wind_down()

    def change(self, slot_id: int) -> None:
        rng, simulation = self.rng, self.rack.simulation
        if simulation._slots[slot_id] is None:
            self.insert(slot_id, rng.choice((None, *sorted(simulation._pulled))))
            return
        match rng.choice(("pull", "swap", "back", "flap", "sick", "well", "cancel", "release")):
            case "pull":
                self.pull(slot_id)
            case "swap":
                self.pull(slot_id)
                self.world.sleep(rng.choice((0, 0, 0.5, 2)))
                self.insert(slot_id)
            case "back":
                serial = self.pull(slot_id)
                self.world.sleep(rng.choice((0, 0.3, 2)))
                self.insert(slot_id, serial)
            case "flap":
                for _ in range(rng.choice((3, 100))):
                    serial = self.pull(slot_id)
                    self.world.sleep(0.005)
                    self.insert(slot_id, serial)
                    self.world.sleep(0.005)
            case "sick":
                simulation.inject(slot_id, rng.choice(SICKNESS))
            case "well":
                self.heal(slot_id)
            case "release":
                self.rack.release_slot(slot_id)
            case _:
                ours = [job for job in self.rack._tables.open_jobs(slot_id) if job.opened_by is OpenedBy.PLUG]
                if ours:
                    self.cancel(rng.choice(ours).id)


def plug(seed: int, changes: int = 40) -> World:
    return live(seed, changes, build=Plugging)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], build=Plugging))
