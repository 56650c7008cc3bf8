"""The records as plain JSON: the contract's field names, an enum as its value, a moment in ISO 8601 with UTC's offset.

A job's status travels as its number with `status_name` beside it.
"""

import json
import math
from datetime import datetime
from functools import lru_cache
from typing import Any

from orchestrator.interfaces import outcome
from orchestrator.model.drive import Drive
from orchestrator.model.job import AsyncJob, Event
from orchestrator.model.slot import SlotInfo
from orchestrator.model.verdict import Verdict
from orchestrator.operations.declare import Operation

Json = dict[str, Any]


def job(job: AsyncJob) -> Json:
    """Every field of the record. Spelled out, since a thousand are encoded ten times a second."""
    return {
        "id": job.id,
        "name": job.name,
        "client_ref": job.client_ref,
        "slot_id": job.slot_id,
        "status": job.status.value,
        "status_name": job.status.name,
        "progress": job.progress,
        "parent_id": job.parent_id,
        "drive": drive(job.drive),
        "opened_by": job.opened_by.value,
        "message": job.message,
        "reason": job.reason,
        "accepted": moment(job.accepted),
        "started": moment(job.started),
        "ended": moment(job.ended),
        "eta": moment(job.eta),
        "attempt": job.attempt,
        "verdict": verdict(job.verdict),
        "error": plain(job.error),
    }


def slot(slot: SlotInfo) -> Json:
    return {
        "id": slot.id,
        "label": slot.label,
        "state": slot.state.value,
        "drive": drive(slot.drive),
        "job": slot.job,
        "reason": slot.reason,
        "plan": slot.plan,
        "temperature_celsius": slot.temperature_celsius,
    }


def verdict(verdict: Verdict | None) -> Json | None:
    return None if verdict is None else plain(verdict)


def event(event: Event) -> Json:
    return {
        "sequence": event.sequence,
        "time": moment(event.time),
        "kind": event.kind.value,
        "job": job(event.job) if event.job else None,
        "slot": slot(event.slot) if event.slot else None,
    }


def operation(operation: Operation[..., Any], recipes: tuple[str, ...] = ()) -> Json:
    """`options` is the JSON Schema of what a start takes under that name. `recipes`: the rack's, by name."""
    from orchestrator.interfaces.web import schemas

    return {
        "name": operation.name,
        "summary": operation.summary,
        "pausable": operation.pausable,
        "options": schemas.options_of(operation, recipes).model_json_schema(),
    }


def drive(drive: Drive | None) -> Json | None:
    return None if drive is None else _drive(drive)


@lru_cache(4096)
def _drive(drive: Drive) -> Json:
    return dict(plain(drive))  # shared between records: nobody writes into it


def moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def plain(value: Any) -> Any:
    """An answer, or any record without a form of its own."""
    return outcome.plain(value)


def to_bytes(value: Any) -> bytes:
    """ASCII, so that no text of a drive can break it; a number that JSON does not know (NaN, infinity) is null."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
