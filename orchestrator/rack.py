"""The facade: a function is declared as if it were synchronous, and becomes two, `name()` and `name_result()`.

    job_id    = rack.run_smart_test(client_ref, slot_id)     at once
    device_ok = rack.run_smart_test_result(job_id)           the value, or the exception, of a synchronous call

Holds no rule and no state of its own: it opens jobs at the one door and reads the published tables.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from orchestrator.actors.directory import Wish
from orchestrator.actors.supervisor import Release
from orchestrator.model.errors import InvalidArgument, NotPausable, UnknownSlot, WrongOperation
from orchestrator.model.job import AsyncJob, AsyncJobStatus, Event, ListInfo, ResultSet
from orchestrator.model.plan import Plan
from orchestrator.model.recipe import Recipe
from orchestrator.model.slot import SlotInfo, SlotState
from orchestrator.operations.declare import Operation
from orchestrator.pairs import Name, Pairs
from orchestrator.rack_history import RackHistory
from orchestrator.system.system import Parts, System

if TYPE_CHECKING:
    from orchestrator.remote.rack import RemoteRack
    from orchestrator.settings.parts import ChassisSettings
    from orchestrator.settings.rack_file import RackSettings
    from orchestrator.simulated.rack import Simulation


class Rack(Pairs, RackHistory):
    """All the slots of one host. A context: leaving it closes it. Its methods may be called from any thread."""

    def __init__(self, parts: Parts, simulation: "Simulation | None" = None) -> None:
        """Starts the rack; returns when the first enumeration has reached every slot. Use the constructors below."""
        self._system = System(parts)
        self._tables, self._door, self._post = self._system.tables, self._system.door, self._system.post
        self._ports = parts.ports
        self._simulation = simulation
        self._settings: RackSettings | None = None
        self._system.start()

    @classmethod
    def from_config(cls, path: str | Path, *, plans: bool = True) -> Self:
        """The rack that a YAML file describes. Raises ConfigError with file, line and what was meant; Refused when
        another process owns the file, with its pid.

        It is simulated where the file says so, and never instead of a real one: what is missing on this host is
        said by the slots' state and by each job.

        Args:
            plans: False starts nothing by itself, whatever the file says.
        """
        from orchestrator.settings.rack_file import load_rack_file

        described = load_rack_file(Path(path))
        rack = cls._of(described, Path(path), plans=plans)
        rack._settings = described
        return rack

    @classmethod
    def _of(cls, described: "RackSettings", path: Path, *, plans: bool) -> Self:
        from orchestrator.system import real, simulated
        from orchestrator.system.store import open_store

        if (unreal := described.simulated) is not None:
            store = open_store(described, path)
            parts, simulation = simulated.parts(
                unreal.slots, unreal.speed, unreal.seed, described=described, store=store
            )
            return cls(parts if plans else replace(parts, plans={}), simulation)
        parts = real.parts(described, path)
        return cls(parts if plans else replace(parts, plans={}))

    @classmethod
    def simulated(cls, slots: int = 24, speed: float = 1000.0, seed: int = 0) -> Self:
        """A rack without hardware: slots 1..slots, each with a sound drive; same seed, same rack.

        Args:
            speed: rack seconds per real second, up to 1e6: a two-minute self-test takes 0.12 s at 1000.
        The code that tests real drives runs unchanged, over a stand-in smartctl that answers from drive models.
        """
        from orchestrator.system import simulated

        return cls(*simulated.parts(slots, speed, seed))

    @classmethod
    def connect(
        cls, url: str, *, token: str | None = None, timeout: float = 30.0, cafile: str | Path | None = None
    ) -> "RemoteRack":
        """The rack of the service at `url`, on another machine or here. Arguments and errors: RemoteRack."""
        from orchestrator.remote.rack import RemoteRack

        return RemoteRack(url, token=token, timeout=timeout, cafile=cafile)

    # -- jobs

    def _start(
        self, operation: Name, client_ref: int, slot_id: int, parent: int | None, options: dict[str, Any]
    ) -> int:
        return self._door.open_job(operation, client_ref, slot_id, options, parent_id=parent)

    def _result(self, operation: Name, job_id: int, timeout: float | None) -> Any:
        found, job = self._door.find(operation), self._tables.get(job_id)
        if job.name != found.name:
            raise WrongOperation(f"job {job_id} is a {job.name}, not a {found.name}")
        job = self._tables.wait(job_id, timeout)
        if job.status is AsyncJobStatus.FAILED:
            raise job.exception()
        return self._tables.answer(found, job_id)

    def get_job_status(self, job_id: int) -> AsyncJob:
        """The job as it is now. A dictionary read: no message, no waiting; the store is read for a job that was over
        1,000 jobs ago. Raises UnknownJob.

        With a store the end of a job is shown when it is known, some 0.3 ms before it is durable; `_result` and `wait`
        tell it when it is.
        """
        try:
            return self._tables.jobs[job_id]
        except (KeyError, TypeError):
            return self._tables.get(job_id)  # raises, with the remedy

    def get_jobs_list(self, info: ListInfo | None = None) -> ResultSet:
        """The jobs that match all criteria of `info`; all of them without. Waits for nobody; with a store it reads the
        ended ones there: a page costs the same however many there are, with `after_id` however far it is."""
        return self._tables.select(info or ListInfo())

    def open_jobs(self, slot_id: int | None = None) -> tuple[AsyncJob, ...]:
        """The jobs that have not ended, by id; of one slot, or of all. From memory."""
        return tuple(self._tables.open_jobs(slot_id))

    def wait(self, job_ids: Iterable[int], timeout: float | None = None) -> tuple[AsyncJob, ...]:
        """The ended jobs, in the order asked for. JobNotFinished when `timeout` (host seconds, in all) is up."""
        until = None if timeout is None else self._ports.monotonic() + timeout
        return tuple(
            self._tables.wait(job_id, None if until is None else max(0.0, until - self._ports.monotonic()))
            for job_id in job_ids
        )

    # -- control

    def cancel_job(self, job_id: int) -> AsyncJob:
        """Ask for the job's end; at once, the job as it is now. It becomes FAILED with JobCancelled within 10 s.

        A running self-test is ended in the drive too. An ended job is not changed.
        """
        job = self._tables.get(job_id)
        if not job.has_ended:
            self._tables.cancelled.add(job_id)
            self._post.tell("directory", Wish(job_id))
        return self._tables.get(job_id)

    def pause_job(self, job_id: int) -> AsyncJob:
        """Ask the job to stand still at its next checkpoint; at once, the job as it is now.

        Raises NotPausable for a job whose turn has not come, or whose operation cannot pause. Changes no ended job.
        """
        job = self._tables.get(job_id)
        if job.has_ended or job.status is AsyncJobStatus.PAUSED:
            return job
        if job.status is AsyncJobStatus.INIT:
            raise NotPausable(f"job {job_id} waits for its turn and cannot pause", remedy="cancel it, or let it begin")
        order = self._tables.orders.get(job_id)
        if order is not None and not order.operation.pausable:
            raise NotPausable(f"{job.name} cannot pause", remedy="cancel it, or let it end")
        self._tables.paused.add(job_id)
        self._post.tell("directory", Wish(job_id))
        return self._tables.get(job_id)

    def resume_job(self, job_id: int) -> AsyncJob:
        """Let a paused job go on; at once, the job as it is now. Changes no other job."""
        job = self._tables.get(job_id)
        if job_id in self._tables.paused:
            self._tables.paused.discard(job_id)
            self._post.tell("directory", Wish(job_id))
        return job

    # -- the rack

    def slots(self) -> tuple[SlotInfo, ...]:
        """Every slot as it is now, by id. Does not wait."""
        return tuple(self._slot(info) for _, info in sorted(self._tables.slots.items()))

    def _slot(self, info: SlotInfo) -> SlotInfo:
        job_id = self._tables.running.get(info.id)
        if job_id is None:
            return info
        return replace(info, job=job_id, state=SlotState.BUSY if info.state is SlotState.READY else info.state)

    @property
    def plans(self) -> dict[int, Plan]:
        """What the rack file lets start by itself, by slot id."""
        described = self._settings
        if described is None or described.simulated is None:
            slots = described.slots if described else {}
            return {slot_id: slot.plan for slot_id, slot in slots.items() if slot.plan is not None}
        return dict.fromkeys(self._tables.labels, described.plan) if described.plan else {}

    @property
    def recipes(self) -> Mapping[str, Recipe]:
        """What `run_recipe` can do here, by name. The first call may read files, for some 0.1 s."""
        return MappingProxyType(dict(self._tables.recipes()))

    @property
    def layout(self) -> "ChassisSettings | None":
        """How the slots stand in the chassis, where the rack file says it."""
        return self._settings.chassis if self._settings is not None else None

    def release_slot(self, slot_id: int) -> SlotInfo:
        """Give a QUARANTINED slot another try; at once, the slot as it is now. Changes no other slot."""
        if slot_id not in self._tables.slots:
            raise UnknownSlot(f"no slot {slot_id!r} in this rack", remedy="list the slots to see their ids")
        if self._tables.slots[slot_id].state is SlotState.QUARANTINED:
            self._post.tell("supervisor", Release(slot_id))
        return self._slot(self._tables.slots[slot_id])

    def events(self, after: int | None = None) -> Iterator[Event]:
        """What changes, as it changes; blocks for the next event and ends when the rack is closed.

        Args:
            after: begin behind this sequence number; None = from now on. The newest 10,000 events are kept: a reader
                that is slower gets one event of kind GAP, and should read jobs and slots again.
        """
        return self._tables.journal.follow(after)

    @property
    def sequence(self) -> int:
        """Of the newest event, as `events(after=...)` takes it: while it stays, nothing that is published changed."""
        return self._tables.journal.sequence

    def not_ready(self, timeout: float = 1.0) -> str:
        """Why the rack cannot take work now, as one sentence; "" while it can.

        Blocks at most `timeout` host seconds, for the directory's answer.
        """
        if self._tables.closed:
            return "the rack is closed"
        if not self._tables.settled.is_set():
            return "the first look at the slots has not ended"
        if not self.answers(timeout):
            return f"the directory gave no answer within {timeout:g} s"
        return self.trouble

    def answers(self, timeout: float = 1.0) -> bool:
        """Whether the directory takes a message, whatever single slots or the store do. Blocks as `not_ready`."""
        return self._post.answers("directory", timeout)

    @property
    def operations(self) -> Mapping[str, Operation[..., Any]]:
        """The declared operations by name, users' own included."""
        return MappingProxyType(self._door.operations)

    @property
    def is_simulated(self) -> bool:
        return self._simulation is not None

    @property
    def simulation(self) -> "Simulation":
        """What stands behind a simulated rack's slots. InvalidArgument on a real rack."""
        if self._simulation is None:
            raise InvalidArgument("this rack is real; only Rack.simulated() has a simulation")
        return self._simulation

    def reload(self, path: str | Path) -> tuple[int, ...]:
        """Take over a changed rack file while jobs run: slots, labels, plans, budget, temperatures.

        A slot that is no longer in the file takes no new job, ends those it has, and leaves with the next reload: its
        id is among those returned. Raises ConfigError for a wrong file, and InvalidArgument where the rack cannot
        change: a simulated one, or one that comes from no file. Then nothing has changed.
        """
        from orchestrator.settings.rack_file import load_rack_file

        described, before = load_rack_file(Path(path)), self._settings
        rearrange = self._system.parts.rearrange
        if before is None or rearrange is None or described.simulated is not None:
            raise InvalidArgument("only a rack that comes from a file with slots can take over a changed one")
        slots, tables = described.slots, self._tables
        tables.leaving = {
            slot_id for slot_id in tables.labels if slot_id not in slots
        }  # first: no job comes in between
        busy = {slot_id: before.slots[slot_id] for slot_id in tables.leaving if tables.open_jobs(slot_id)}
        described = described.model_copy(update={"slots": {**slots, **busy}})
        self._system.rearrange(rearrange(described))
        self._settings = described
        return tuple(sorted(busy))

    def close(self, abort: bool = False) -> None:
        """Take no new jobs and end the open ones as Interrupted; at most 10 s, whatever hangs.

        With a store, jobs that wait and such as can be taken up (self-tests, read scans) stay open: the next process
        that opens the rack goes on with them.

        Args:
            abort: also end the self-tests that run inside the drives; otherwise they are left to finish.
        Reads still answer afterwards, starts raise RackClosed. Closing twice is as once.
        """
        if not self._tables.closed:
            self._system.stop(abort=abort)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    if not TYPE_CHECKING:  # type checkers see the typed pairs above; users' own operations have the pair at run time

        def __getattr__(self, name: str) -> Any:
            operations = self._door.operations if "_door" in self.__dict__ else {}
            if name in operations:
                return lambda client_ref, slot_id, *, parent=None, **options: self._start(
                    name, client_ref, slot_id, parent, options
                )
            asked = name.removesuffix("_result")
            if name != asked and asked in operations:
                return lambda job_id, timeout=None: self.result(asked, job_id, timeout)
            raise AttributeError(f"a rack has no {name!r}, and no operation of that name is declared")
