"""Tests a rack of drives: one actor per slot, jobs with ids, verdicts with evidence.

    with Rack.simulated(slots=24) as rack:
        job_id = rack.run_smart_test(client_ref=1, slot_id=3)
        device_ok = rack.run_smart_test_result(job_id)

The names below are the public ones; each is imported when it is first used, so that this import stays light.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.model import errors
    from orchestrator.model.drive import Drive, Protocol
    from orchestrator.model.job import (
        AsyncJob,
        AsyncJobStatus,
        Event,
        EventKind,
        JobError,
        ListInfo,
        OpenedBy,
        ResultSet,
    )
    from orchestrator.model.slot import SlotInfo, SlotState
    from orchestrator.model.verdict import Reason, Verdict, VerdictStatus
    from orchestrator.operations.bench import Bench
    from orchestrator.operations.declare import Between, Operation, operation
    from orchestrator.rack import Rack

_HOMES = {
    "AsyncJob": "model.job",
    "AsyncJobStatus": "model.job",
    "Bench": "operations.bench",
    "Between": "operations.declare",
    "Drive": "model.drive",
    "Event": "model.job",
    "EventKind": "model.job",
    "JobError": "model.job",
    "ListInfo": "model.job",
    "OpenedBy": "model.job",
    "Operation": "operations.declare",
    "Protocol": "model.drive",
    "Rack": "rack",
    "Reason": "model.verdict",
    "ResultSet": "model.job",
    "SlotInfo": "model.slot",
    "SlotState": "model.slot",
    "Verdict": "model.verdict",
    "VerdictStatus": "model.verdict",
    "errors": "model.errors",
    "operation": "operations.declare",
}

__all__ = [
    "AsyncJob",
    "AsyncJobStatus",
    "Bench",
    "Between",
    "Drive",
    "Event",
    "EventKind",
    "JobError",
    "ListInfo",
    "OpenedBy",
    "Operation",
    "Protocol",
    "Rack",
    "Reason",
    "ResultSet",
    "SlotInfo",
    "SlotState",
    "Verdict",
    "VerdictStatus",
    "errors",
    "operation",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    value = home if name == "errors" else getattr(home, name)
    globals()[name] = value
    return value
