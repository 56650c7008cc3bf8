"""What one slot holds, concluded from all that is seen in its place: one drive, nothing, or a reason to keep off.

    0 sightings ──▶ empty        1 drive, at one node or at several ──▶ that drive        anything else ──▶ a reason

One drive at two nodes (multipath, a RAID controller's alias) is one presence, the one that came first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.model.drive import Drive, Presence
from orchestrator.model.ports import Sighting


@dataclass(frozen=True, slots=True)
class Contents:
    """`presence` is in the slot; or for `reason` nobody can say; or, without both, the slot is empty."""

    presence: Presence | None = None
    reason: str = ""
    conflict: bool = False
    """The reason is that two drives or two slots claim one place."""


EMPTY = Contents()


def is_same(one: Drive, other: Drive) -> bool:
    """Like is compared with like: serials with serials, WWNs with WWNs, and a WWN only where both tell it."""
    if one.serial and other.serial:
        same_wwn = not (one.wwn and other.wwn) or one.wwn == other.wwn
        return one.serial == other.serial and one.model == other.model and same_wwn
    return bool(one.wwn) and one.wwn == other.wwn


def contents_of(slot_id: int, here: Sequence[tuple[Sighting, tuple[int, ...]]], twins: Sequence[int]) -> Contents:
    """
    Args:
        here: what is seen in the slot's place, each with all slots that claim its place.
        twins: other slots in which a drive of the same identity is seen.
    """
    if not here:
        return EMPTY
    claims = sorted({claimed for _, slots in here for claimed in slots})
    if len(claims) > 1:
        others = _list([str(claimed) for claimed in claims if claimed != slot_id])
        where = _list([_where(sighting) for sighting, slots in here if len(slots) > 1])
        return _conflict(f"the rules of slot {others} cover {where} too; correct the rack file's match")
    for sighting, _ in here:
        if sighting.presence is None:
            return Contents(reason=sighting.reason or "its drive cannot be identified")
    presences = [sighting.presence for sighting, _ in here if sighting.presence is not None]
    first = min(presences, key=lambda presence: presence.number)
    if any(not is_same(first.drive, presence.drive) for presence in presences):
        drives = _list([f"{p.drive.serial or p.drive.wwn} ({p.node})" for p in presences])
        return _conflict(f"its rule covers {len(presences)} drives: {drives}; make it narrower, or pull all but one")
    if twins:
        others, serial = _list([str(twin) for twin in twins]), first.drive.serial or first.drive.wwn
        return _conflict(f"slot {others} shows the same drive, {serial}; name it in one slot only")
    return Contents(first)


def _conflict(reason: str) -> Contents:
    return Contents(reason=reason, conflict=True)


def _where(sighting: Sighting) -> str:
    return sighting.presence.node if sighting.presence else sighting.key


def _list(texts: list[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
