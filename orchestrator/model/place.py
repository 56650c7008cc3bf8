"""Where a drive is, as the host tells it, and which slot that means.

    Place (ID_PATH, bay, HCTL, serial) ──Matcher.find──▶ ids of the slots that claim it      none, one, or a conflict

A rule says one thing about a place. Nothing here guesses: two rules that cover one place are both returned.
"""

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bay:
    """A drive's place in an enclosure that speaks SES, as sysfs tells it (module `ses`)."""

    enclosure: str
    """The logical id, such as 0x5003048000000000; an enclosure with two expanders shows each bay twice."""
    address: str
    """The enclosure's own HCTL, such as 0:0:24:0."""
    number: str
    """What the enclosure numbers it; "" where it does not."""
    name: str
    """What the enclosure calls it, such as "Slot 07"."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one block device is."""

    id_paths: tuple[str, ...] = ()
    """udev's ID_PATH, and for SATA ID_PATH_ATA_COMPAT, which systemd before 247 had as ID_PATH."""
    bays: tuple[Bay, ...] = ()
    hctl: str = ""
    """Host:channel:target:LUN, such as 0:0:3:0; "" for what is not behind the SCSI layer."""
    serials: tuple[str, ...] = ()
    """As udev knows the drive's; never the WWN, which for SAS is udev's ID_SERIAL_SHORT."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a slot's place must say. Exactly one of id_path, bay (with enclosure), hctl and serial is given."""

    id_path: tuple[str, ...] = ()
    """Globs, of which one must cover one of the ID_PATHs: *, ? and [abc], upper and lower case distinct."""
    enclosure: str = ""
    """Its logical id, or its HCTL."""
    bay: str = ""
    """The bay's number or name in that enclosure."""
    hctl: str = ""
    serial: str = ""

    def exact(self) -> tuple[tuple[str, ...], ...]:
        """The one or more ways to name a place that this rule covers; globs are left out."""
        if self.bay:
            return (("bay", self.enclosure.lower(), _number(self.bay)),)
        if self.hctl:
            return (("hctl", self.hctl),)
        if self.serial:
            return (("serial", self.serial),)
        return tuple(("id_path", glob) for glob in self.id_path if not is_glob(glob))

    def globs(self) -> tuple[str, ...]:
        return tuple(glob for glob in self.id_path if is_glob(glob))


def is_hctl(text: str) -> bool:
    return re.fullmatch(r"[0-9]+(:[0-9]+){3}", text) is not None


def is_glob(text: str) -> bool:
    return any(char in text for char in "*?[")


def _number(bay: str) -> str:
    """07 and 7 are one bay."""
    return str(int(bay)) if bay.isdecimal() else bay


def _names(place: Place) -> tuple[tuple[str, ...], ...]:
    """Every exact rule that would cover the place, in the words of `Rule.exact`."""
    bays = [
        ("bay", enclosure.lower(), _number(bay))
        for one in place.bays
        for enclosure in (one.enclosure, one.address)
        for bay in (one.number, one.name)
        if enclosure and bay
    ]
    paths = [("id_path", path) for path in place.id_paths]
    serials = [("serial", serial) for serial in place.serials]
    return (*paths, *bays, *([("hctl", place.hctl)] if place.hctl else []), *serials)


class Matcher:
    """Which slots claim a place. One look-up costs the same for 10 slots and for 1,000; globs cost one try each."""

    def __init__(self, rules: Mapping[int, Rule]) -> None:
        self._exact: dict[tuple[str, ...], set[int]] = {}
        self._globs: list[tuple[re.Pattern[str], int]] = []
        for slot_id, rule in rules.items():
            for name in rule.exact():
                self._exact.setdefault(name, set()).add(slot_id)
            self._globs += [(re.compile(fnmatch.translate(glob)), slot_id) for glob in rule.globs()]
        self._known: dict[Place, tuple[int, ...]] = {}

    def find(self, place: Place) -> tuple[int, ...]:
        """The ids, ascending: none where no slot means it, several where the rules contradict each other."""
        known = self._known.get(place)
        if known is None:
            found = {slot_id for name in _names(place) for slot_id in self._exact.get(name, ())}
            found |= {slot_id for glob, slot_id in self._globs if any(map(glob.match, place.id_paths))}
            if len(self._known) > 10_000:  # places come and go with serial numbers in them
                self._known.clear()
            known = self._known[place] = tuple(sorted(found))
        return known


def overlap(rules: Mapping[int, Rule]) -> dict[int, tuple[int, str]]:
    """Slots whose rule certainly covers what an earlier slot's covers: the earlier slot's id and what both cover.

    Seen are equal rules, a path that another slot's glob covers, and a glob within another's. Globs that merely might
    meet, as `a*` and `*b`, are left to the drives: a slot in CONFLICT then says so.
    """
    found: dict[int, tuple[int, str]] = {}
    first: dict[tuple[str, ...], int] = {}
    globs = [
        (re.compile(fnmatch.translate(glob)), glob, slot_id) for slot_id in rules for glob in rules[slot_id].globs()
    ]
    for slot_id, rule in rules.items():
        for name in rule.exact():
            if (other := first.setdefault(name, slot_id)) != slot_id:
                found.setdefault(slot_id, (other, " bay ".join(name[1:])))
        for path in rule.id_path:
            for pattern, glob, other in globs:
                if other != slot_id and pattern.match(_sample(path)):
                    later, earlier = max(slot_id, other), min(slot_id, other)
                    found.setdefault(later, (earlier, path if is_glob(path) else f"{path} (by {glob})"))
    return found


def _sample(glob: str) -> str:
    """A text that only another glob's wildcard can cover where this one has its own."""
    return re.sub(r"\*|\?|\[.[^]]*\]", "\x00", glob) if is_glob(glob) else glob
