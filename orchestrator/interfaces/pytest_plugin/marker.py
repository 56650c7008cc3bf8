"""`@pytest.mark.drive(protocol="nvme", min_capacity="1TB", model="ST*")`: which drives of a rack a test is for."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from orchestrator.model import drive as drives
from orchestrator.model.errors import InvalidArgument
from orchestrator.model.plan import Fits
from orchestrator.model.slot import SlotInfo

_KEYS = ("protocol", "min_capacity", "max_capacity", "model")
_UNITS: dict[str, int] = {"": 1, "B": 1, **{f"{letter}{kind}": base ** (n + 1) for n, letter in enumerate("KMGTP")
                            for kind, base in (("B", 1000), ("iB", 1024))}}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_SHOWN = 3
"""Drives named in a reason."""


class Mark(Protocol):
    """As much of pytest's as is read here."""

    @property
    def args(self) -> tuple[Any, ...]: ...
    @property
    def kwargs(self) -> Any: ...


def conditions(marks: Iterable[Mark]) -> tuple[Fits, ...]:
    """One a mark; a drive must fit them all. Raises InvalidArgument for what no mark takes, with the nearest word."""
    return tuple(_fits(mark) for mark in marks)


def fitting(slots: Iterable[SlotInfo], wanted: Sequence[Fits]) -> list[SlotInfo]:
    """The slots that hold a drive which fits."""
    return [slot for slot in slots if slot.drive and not any(any(fits.against(slot.drive)) for fits in wanted)]


def why_none(slots: Sequence[SlotInfo], wanted: Sequence[Fits]) -> str:
    """Why no drive is there for a test."""
    held = [slot for slot in slots if slot.drive]
    if not held:
        reasons = {slot.reason for slot in slots if slot.reason}
        return "; ".join([f"no drive here: there is none in {len(slots)} slots", *sorted(reasons)])
    kinds = Counter(str(slot.drive.protocol or "unknown") for slot in held if slot.drive)
    there = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    protocols = {protocol for fits in wanted for protocol in fits.protocols}
    near = [slot for slot in held if slot.drive and (not protocols or slot.drive.protocol in protocols)]
    against = [f"slot {slot.id}: {next(_against(slot, wanted))}" for slot in near[:_SHOWN]]
    more = [f"and {len(near) - _SHOWN} more"] if len(near) > _SHOWN else []
    words = ", ".join(text for fits in wanted if (text := _text(fits)))
    return "; ".join([f"no drive here: wants {words}, there are {there}", *against, *more])


def _against(slot: SlotInfo, wanted: Sequence[Fits]) -> Iterator[str]:
    for fits in wanted:
        if slot.drive:
            yield from fits.against(slot.drive)


def _text(fits: Fits) -> str:
    parts = [" or ".join(fits.protocols)] if fits.protocols else []
    parts += [f"model {fits.model}"] if fits.model != "*" else []
    parts += [f"at least {fits.least_bytes / 1e12:g} TB"] if fits.least_bytes else []
    parts += [f"at most {fits.most_bytes / 1e12:g} TB"] if fits.most_bytes is not None else []
    return " and ".join(parts)


def _fits(mark: Mark) -> Fits:
    if mark.args:
        raise InvalidArgument(f"the mark drive takes its conditions by name, not {mark.args[0]!r}", remedy=_remedy())
    for name in mark.kwargs:
        if name not in _KEYS:
            raise InvalidArgument(f"the mark drive takes no {name!r}{_nearest(name, _KEYS)}", remedy=_remedy())
    given = {name: value for name, value in mark.kwargs.items() if value is not None}
    model = given.get("model", "*")
    if not isinstance(model, str) or not model:
        raise InvalidArgument(f"the mark drive: model takes a glob such as 'ST*', not {model!r}")
    least, most = _bytes("min_capacity", given.get("min_capacity", 0)), None
    if "max_capacity" in given and (most := _bytes("max_capacity", given["max_capacity"])) < least:
        raise InvalidArgument("the mark drive: no drive holds at least min_capacity and at most max_capacity")
    return Fits(_protocols(given.get("protocol", ())), model, least, most)


def _protocols(given: Any) -> tuple[drives.Protocol, ...]:
    words = [given] if isinstance(given, str) else given
    known = tuple(protocol.value for protocol in drives.Protocol)
    if not isinstance(words, list | tuple | set | frozenset) or (not words and given != ()):
        raise InvalidArgument(f"the mark drive: protocol takes {' or '.join(known)}, not {given!r}")
    for word in words:
        if word not in known:
            raise InvalidArgument(f"the mark drive: protocol is {word!r}{_nearest(str(word), known)}")
    return tuple(sorted(map(drives.Protocol, words)))


def _bytes(name: str, given: Any) -> int:
    if type(given) is int and given >= 0:
        return int(given)
    found = _SIZE.fullmatch(given.strip()) if isinstance(given, str) else None
    unit = next((unit for unit in _UNITS if found and unit.lower() == found[2].lower()), None)
    if found is None or unit is None:
        raise InvalidArgument(f"the mark drive: {name} takes a size such as '1TB', '960 GB' or '1TiB', not {given!r}")
    return int(float(found[1]) * _UNITS[unit])


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.65)
    return f"; did you mean {near[0]!r}?" if near else f"; it takes {', '.join(known)}"


def _remedy() -> str:
    return 'such as @pytest.mark.drive(protocol="nvme", min_capacity="1TB", max_capacity="4TB", model="ST*")'
