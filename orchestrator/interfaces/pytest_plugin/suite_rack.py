"""`--rack suite:FD`: the rack as a suite sees it that one of its jobs runs, over the socket to that job's worker.

    fixtures ──▶ SuiteRack ──ask──▶ Line ──JSON──▶ the job's worker ──▶ a child job in its own slot

The lines are those of adapters/suite_lines.py. A thread reads the answers; when the other end goes, so does all of this
process's group: nobody is left who could end it.
"""

import json
import os
import queue
import shutil
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.suites import FOLDER
from orchestrator.model.errors import BY_CODE, InvalidArgument, JobNotFinished, NoAnswer, UnknownJob, WrongOperation
from orchestrator.model.job import AsyncJob, AsyncJobStatus, ListInfo, ResultSet
from orchestrator.model.plain import dumps
from orchestrator.model.slot import SlotInfo
from orchestrator.operations.declare import Operation, collect
from orchestrator.pairs import Name, Pairs
from orchestrator.remote import decode

KIND = "suite:"


class Line:
    """Our end of the socket. Any number of threads may use it; one question at a time."""

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        self._fd, self._last = fd, 0
        self._asking, self._writing = threading.Lock(), threading.Lock()
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.over = ""
        """Why the job is to end; every further question is answered so."""
        threading.Thread(target=self._read, name="suite-line", daemon=True).start()

    def say(self, **what: Any) -> None:
        data = json.dumps(what).encode() + b"\n"
        with self._writing:
            while data:
                try:
                    data = data[os.write(self._fd, data) :]
                except OSError:
                    _leave()

    def ask(self, verb: str, **given: Any) -> Any:
        """Blocks for the answer. Raises what the rack would raise."""
        with self._asking:
            self._last += 1
            self.say(say="ask", id=self._last, verb=verb, given=given)
            while (answer := self._answers.get())["id"] != self._last:
                pass  # to a question whose asker was interrupted
        if "error" in answer:
            error = answer["error"]
            if answer["over"]:
                self.over = error["text"]
            raise BY_CODE.get(error["code"], NoAnswer)(error["text"], remedy=error["remedy"])
        return answer["value"]

    def _read(self) -> None:
        data = b""
        while True:
            try:
                got = os.read(self._fd, 1 << 16)
            except OSError:
                got = b""
            if not got:
                _leave()
            *lines, data = (data + got).split(b"\n")
            for line in lines:
                self._answers.put(json.loads(line))


def _leave() -> None:
    """Whoever would end us, and clean up behind us, has gone. Our group is our own: the job began it."""
    for folder in (Path(word.removeprefix("--junitxml=")).parent for word in sys.argv if "--junitxml=" in word):
        if folder.name.startswith(FOLDER):
            shutil.rmtree(folder, ignore_errors=True)
    if os.getpgid(0) == os.getsid(0):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def line_of(argv: Iterable[str]) -> Line | None:
    """The line that a job gave this process; None where it was not started by one."""
    text = [word.removeprefix(KIND) for word in argv if word.startswith(KIND)][-1:]
    return Line(int(text[0])) if text and text[0].isdecimal() and _is_socket(int(text[0])) else None


def _is_socket(fd: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


LINE = line_of(sys.argv) if "orchestrator.interfaces.pytest_plugin.child" in sys.argv else None
"""From the first import on, so that no conftest.py that hangs outlives the orchestrator."""


def open_suite() -> "SuiteRack":
    """Raises InvalidArgument in a process that is none of a job's suite."""
    if LINE is None:
        raise InvalidArgument(
            "a rack suite:FD is for the process of a run_pytest job alone",
            remedy="leave --rack out of the suite's options, and -n of pytest-xdist: a suite tests one drive",
        )
    return SuiteRack(LINE)


class SuiteRack(Pairs):
    """One slot, and the jobs that this suite opened there; `parent` is always the suite's own job.

    Every call may raise the reason why the job ends: JobCancelled, DriveRemoved, DriveChanged, Interrupted.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self.is_simulated = bool(line.ask("hello")["simulated"])
        self._operations = MappingProxyType(collect())

    @property
    def operations(self) -> Mapping[str, Operation[..., Any]]:
        """The declared operations by name, users' own included."""
        return self._operations

    def slots(self) -> tuple[SlotInfo, ...]:
        """The job's own slot."""
        return tuple(map(decode.slot, self._line.ask("slots")))

    def _start(
        self,
        operation: Name,
        client_ref: int,
        slot_id: int,
        parent: int | None,  # noqa: ARG002 -- it is the suite's job, whatever was given
        options: dict[str, Any],
    ) -> int:
        name = operation.name if isinstance(operation, Operation) else operation
        try:
            sent = json.loads(dumps(options))
        except TypeError as exc:
            raise InvalidArgument(f"an option of {name} cannot be sent: {exc}") from exc
        return int(self._line.ask("start", operation=name, client_ref=client_ref, slot_id=slot_id, options=sent))

    def _result(self, operation: Name, job_id: int, timeout: float | None) -> Any:
        name = operation.name if isinstance(operation, Operation) else operation
        job = self.get_job_status(job_id)
        if job.name != name:
            raise WrongOperation(f"job {job_id} is a {job.name}, not a {name}")
        (job,) = self.wait([job_id], timeout)
        if job.status is AsyncJobStatus.FAILED:
            raise job.exception()
        return decode.answer(operation, json.loads(self._line.ask("answer", job_id=job_id)))

    def get_job_status(self, job_id: int) -> AsyncJob:
        """As `Rack.get_job_status`, of the suite's own jobs."""
        if type(job_id) is not int:
            raise UnknownJob(f"no job {job_id!r} here", remedy="a suite reaches the jobs that it opened itself")
        return decode.job(self._line.ask("job", job_id=job_id))

    def get_jobs_list(self, info: ListInfo | None = None) -> ResultSet:
        """As `Rack.get_jobs_list`, of the suite's own jobs."""
        return (info or ListInfo()).select(list(map(decode.job, self._line.ask("jobs"))))

    def open_jobs(self, slot_id: int | None = None) -> tuple[AsyncJob, ...]:
        """As `Rack.open_jobs`, of the suite's own jobs."""
        return tuple(job for job in self.get_jobs_list() if not job.has_ended and slot_id in (None, job.slot_id))

    def cancel_job(self, job_id: int) -> AsyncJob:
        """As `Rack.cancel_job`."""
        self.get_job_status(job_id)
        return decode.job(self._line.ask("cancel", job_id=job_id))

    def wait(self, job_ids: Iterable[int], timeout: float | None = None) -> tuple[AsyncJob, ...]:
        """The ended jobs, in the order asked for. JobNotFinished when `timeout` (host seconds, in all) is up."""
        until = None if timeout is None else time.monotonic() + timeout
        return tuple(self._wait(job_id, until) for job_id in job_ids)

    def _wait(self, job_id: int, until: float | None) -> AsyncJob:
        self.get_job_status(job_id)
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            found = self._line.ask("wait", job_id=job_id, wait_s=left)
            job = decode.job(found["job"])
            if found["over"]:
                return job
            if left == 0:
                raise JobNotFinished(f"job {job_id} ({job.name}, slot {job.slot_id}) is {job.status.name}")

    def close(self) -> None:
        """Nothing is to be closed: the job that runs the suite does that."""

    if not TYPE_CHECKING:  # as Rack: users' own operations have the pair at run time

        def __getattr__(self, name: str) -> Any:
            operations = self.__dict__.get("_operations", {})
            if name in operations:
                return lambda client_ref, slot_id, *, parent=None, **options: self._start(
                    name, client_ref, slot_id, parent, options
                )
            asked = name.removesuffix("_result")
            if name != asked and asked in operations:
                return lambda job_id, timeout=None: self.result(asked, job_id, timeout)
            raise AttributeError(f"the rack of a suite has no {name!r}, and no operation of that name is declared")
