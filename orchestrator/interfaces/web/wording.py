"""How a page words what the records hold: names without underscores, sizes, times, units read off a name's end.

All are plain text; the templates escape.
"""

from datetime import datetime
from typing import Any

_ACRONYMS = {"lba": "LBA", "lbas": "LBAs", "mb": "MB", "smart": "SMART", "wwn": "WWN"}
_ATTRIBUTES = {  # as smartmontools' drivedb.h names them by default; vendors may count another way
    "1": "Raw read error rate",
    "4": "Starts and stops",
    "5": "Reallocated sectors",
    "7": "Seek error rate",
    "9": "Power-on hours",
    "10": "Spin retries",
    "12": "Power cycles",
    "184": "End-to-end errors",
    "187": "Reported uncorrectable",
    "188": "Command timeouts",
    "190": "Airflow temperature",
    "192": "Power-off retracts",
    "193": "Load cycles",
    "194": "Temperature",
    "196": "Reallocation events",
    "197": "Pending sectors",
    "198": "Offline uncorrectable",
    "199": "CRC errors",
    "241": "LBAs written",
    "242": "LBAs read",
}
_UNITS = (("_celsius", "°C"), ("_percent", "%"), ("mb_per_s", "MB/s"), ("_hours", "h"), ("seconds", "s"), ("_s", "s"))


def words(name: str) -> str:
    """An operation's, state's or error's name as it is read: run_smart_test is "SMART test", as on the command line."""
    parts = name.removeprefix("run_").replace("-", "_").split("_")
    text = " ".join(_ACRONYMS.get(part, part) for part in parts).strip()
    return text[:1].upper() + text[1:]


def size(capacity_bytes: int | None) -> str:
    """Decimal, as printed on drives; "" where it is not known."""
    if capacity_bytes is None:
        return ""
    for unit, least in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if capacity_bytes >= least:
            return f"{capacity_bytes / least:.3g} {unit}"
    return f"{capacity_bytes} B"


def moment(time: datetime | None) -> str:
    """As the server knows it; the page's script turns it into the reader's own zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC") if time else ""


def span(seconds: float) -> str:
    """A length of time in its two greatest units: "3 h 20 min"."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= length and len(parts) < 2:
            parts.append(f"{left // length} {unit}")
            left %= length
        elif parts:
            break
    return " ".join(parts)


def took(begin: datetime | None, end: datetime | None) -> str:
    """From the one to the other; "" while one of them is missing."""
    return span((end - begin).total_seconds()) if begin and end else ""


def number(value: float) -> str:
    """Whole numbers with thin spaces between thousands, others to four places."""
    whole = float(value).is_integer()
    return f"{int(value):,}".replace(",", " ") if whole else f"{value:.4g}"


def unit(name: str) -> str:
    """What a value of this name is counted in, by the name's end; "" where it does not say."""
    return next((text for end, text in _UNITS if name.endswith(end)), "")


def without_unit(name: str) -> str:
    """The name in words, for where its unit stands beside it: poll_s is "Poll"."""
    end = next((end for end, _ in _UNITS if name.endswith(end)), "")
    return words(name.removesuffix(end) if end.startswith("_") else name)


def value(name: str, what: Any) -> str:
    """One value of a record or an answer."""
    if what is None:
        return "not known"
    if isinstance(what, bool):
        return "yes" if what else "no"
    if isinstance(what, int | float):
        if name.endswith("_bytes"):
            return f"{number(what)} B"
        if name == "seconds" or name.endswith("_s"):
            return span(what) if not name.endswith("per_s") else f"{number(what)} MB/s"
        return f"{number(what)} {unit(name)}".strip()
    return str(what)


def counter(name: str) -> str:
    """A counter of model/history.py: attribute_5_raw is "Reallocated sectors (5)"."""
    parts = name.split("_")
    if len(parts) != 3 or parts[0] != "attribute":
        return without_unit(name)
    known = _ATTRIBUTES.get(parts[1])
    text = f"{known} ({parts[1]})" if known else f"Attribute {parts[1]}"
    return text if parts[2] == "raw" else f"{text}, normalised"
