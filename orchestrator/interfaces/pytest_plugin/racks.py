"""Where the tests' rack comes from, and how little of it they need.

simulated[:WORDS] ──▶ a rack without hardware, in this process
http(s)://...     ──▶ a service's
suite:FD          ──▶ one slot, in the process of a run_pytest job: suite_rack.py
FILE              ──▶ the service that owns the file, else the rack is opened in this process
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from orchestrator.model.job import AsyncJob
from orchestrator.model.slot import SlotInfo


class UsedRack(Protocol):
    """What the fixtures use of a rack. `Rack` and `RemoteRack` are two; arguments and errors are as there."""

    @property
    def is_simulated(self) -> bool: ...
    @property
    def operations(self) -> Mapping[str, Any]:
        """By name."""

    def slots(self) -> tuple[SlotInfo, ...]: ...
    def start(
        self, operation: str, client_ref: int, slot_id: int, parent: int | None = None, /, **options: Any
    ) -> int: ...
    def result(self, operation: str, job_id: int, timeout: float | None = None, /) -> Any: ...
    def get_job_status(self, job_id: int) -> AsyncJob: ...
    def open_jobs(self, slot_id: int | None = None) -> tuple[AsyncJob, ...]:
        """Those that have not ended; a rack of one job's children may give those alone."""

    def cancel_job(self, job_id: int) -> AsyncJob: ...
    def wait(self, job_ids: Iterable[int], timeout: float | None = None) -> tuple[AsyncJob, ...]: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options and the ini file say."""

    text: str
    """simulated, simulated:WORDS, an address, or the path of a rack file."""
    words: str = ""
    """What a simulated rack is like, where `text` does not say it."""
    token_file: Path | None = None
    """Of a service; without it the token is ORCHESTRATOR_TOKEN's."""
    cafile: Path | None = None

    @property
    def is_url(self) -> bool:
        return self.text.startswith(("http://", "https://"))


def open_rack(wanted: Wanted) -> UsedRack:
    """Raises OrchestratorError, with the remedy."""
    if wanted.text.startswith("suite:"):
        from orchestrator.interfaces.pytest_plugin.suite_rack import open_suite

        return open_suite()
    if wanted.text == "simulated" or wanted.text.startswith("simulated:"):
        from orchestrator.interfaces.pytest_plugin.simulated import open_simulated

        return open_simulated(wanted.words, wanted.text.partition(":")[2])
    from orchestrator.interfaces.reach import Named, open_any

    if wanted.is_url:
        return open_any(Named(url=wanted.text, token_file=wanted.token_file, cafile=wanted.cafile))
    return open_any(Named(config=Path(wanted.text), cafile=wanted.cafile))
