"""What must hold of plans when the program is started again: a drive that stayed goes on with its series, doubles none.

Only for presences that began and had a job kept before the restart; what came while nobody looked is not judged.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

from orchestrator.actors.tables import Order, Tables
from orchestrator.model.job import AsyncJob, OpenedBy
from orchestrator.model.plan import Plan
from orchestrator.rack import Rack
from orchestrator.simulated.rack import Simulation
from tests.simulation.plan_truth import Watched, names


class KeptSeries:
    """The part of `PlanTruth` that a day asks, over any number of processes."""

    def __init__(self, check: Callable[[bool, str], None], plans: Mapping[int, Plan]) -> None:
        self._check, self._plans = check, plans
        self._series: dict[int, list[int]] = defaultdict(list)
        """Presence number -> its jobs."""
        self._unsure: set[int] = set()
        """Presences of which an earlier process may have known more than is here."""
        self._tables: Tables | None = None
        self._simulation: Simulation | None = None

    def lost(self, slot_id: int, *, at_the_end: bool = False) -> None: ...
    def plugged(self, slot_id: int) -> None: ...

    def adopt(self, rack: Rack, is_kept: Callable[[int], bool]) -> None:
        """A process has started: of the jobs noted here those that were not kept never were."""
        first, self._simulation = self._tables is None, rack.simulation
        tables = self._tables = rack._tables
        self._series = defaultdict(
            list, {n: [job for job in series if is_kept(job)] for n, series in self._series.items()}
        )
        if not first:
            here = {now.number for now in rack.simulation._presences.values()}
            here |= {course.number for course in tables.courses.values()}  # also of what is gone already
            self._unsure |= {number for number in here if not self._series[number]}
        over = {job_id: job for job_id, (job, _) in tables.recent.items()}
        for job_id, job in sorted({**over, **tables.jobs}.items()):
            if job_id not in tables.taken_up and (order := tables.orders.get(job_id)) is not None:
                self._opened(job_id, order)  # faster than we were
            elif job.opened_by is OpenedBy.PLUG and not self._is_noted(job_id):
                self._unsure.add(self._here(job.slot_id))  # it came and ended while we did not look
        tables.orders = Watched(tables.orders, self._opened)

    def _here(self, slot_id: int) -> int:
        assert self._simulation is not None
        now = self._simulation._presences.get(slot_id)
        return now.number if now else 0

    def _is_noted(self, job_id: int) -> bool:
        return any(job_id in series for series in self._series.values())

    def _opened(self, job_id: int, order: Order) -> None:
        assert self._tables is not None
        job: AsyncJob = self._tables.get(job_id)
        number = order.presence.number
        if job.opened_by is not OpenedBy.PLUG or number in self._unsure or self._is_noted(job_id):
            return
        series = self._series[number]
        before = [self._tables.get(n) for n in series]
        self._check(all(one.has_ended for one in before), f"B3: {job} does not wait for {before}")
        due = names(self._plans[job.slot_id], before)
        follows = len(series) < len(due) and job.name == due[len(series)]
        self._check(follows, f"B3: doubled, or not the step that follows {before}: {job}")
        series.append(job_id)
