"""Whether a text output ends where smartctl ends one: a section that began and did not end means it was cut.

smartctl closes each section with a blank line (-a and -x alike), and some callers strip the last ones; so a text
that ends in neither a blank line nor a last line that smartctl is known to print was cut.
"""

import re

_LAST_LINES = re.compile(
    r"""If\ Selective\ self-test\ is\ pending\ on\ power-up,\ resume\ after\ \d+\ minute\ delay\.
    | .*\bnot\ supported(?:\ \[.*\]|\ \(.*\))?[.!]?
    | Device\ does\ not\ support\ .*logging
    | No\ (?:Errors|Defects)\ Logged | No\ [Ss]elf-tests\ have\ been\ logged\.?.* | No\ Self-tests\ Logged
    | The\ above\ only\ provides\ legacy\ SMART\ information\ -\ try\ 'smartctl\ -x'\ for\ more
    | 0x[0-9a-f]{4}\ \ \d\s+\d+[ +~]\ .*(?:FIS|CRC|errors?|COMRESET|Vendor\ specific|Unknown)
    | \s+Phy\ reset\ problem\ count:\ \d+ | \s+Phy\ reset\ problem(?:\ count)?\ =\ \d+
    | Long\ \(extended\)\ Self[- ][tT]est\ duration:.*\]
    | Drive\ Trip\ Temperature:\s+(?:\d+\ C|<not\ available>)
    """,
    re.VERBOSE,
)
_LAST_ROW = re.compile(r"\s{0,2}\d{1,2}\s+\w.*\s-")
"""Of NVMe's self-test log, which is the last section; the newest test is its first row."""
_HEADINGS = re.compile(
    r"=== START OF (.*) SECTION ==="
    r"|((?:SMART|SCT|General|Vendor|Error|Self-test|SATA|Device|Pending|Background|Protocol)\b[^:(]*)"
)


def missing_end(text: str, lines: list[str]) -> tuple[str, ...]:
    """The section that the text breaks off in, as () or (name,)."""
    tail = text[-400:]
    if not tail.strip() or tail.replace(" ", "").endswith("\n\n"):
        return ()
    last = next((line for line in reversed(lines) if line), "")
    if _LAST_LINES.fullmatch(last) or (tail.endswith("\n") and _LAST_ROW.fullmatch(last)):
        return ()
    return (next((_named(line) for line in reversed(lines) if _named(line)), "output"),)


def _named(line: str) -> str:
    found = _HEADINGS.match(line)
    return (found.group(1) or found.group(2)).strip().lower() if found else ""
