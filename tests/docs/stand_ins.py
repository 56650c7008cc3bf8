"""The commands that the pages' blocks find on their PATH, instead of those that would change this host.

A test may run as root: what is not ours, and would do something to the machine, is refused and has to be marked.
"""

import re
import sys
from pathlib import Path

HARMLESS = {"orchestrator", "./run", "pytest", ".venv/bin/pytest", "python", "pip", "curl", "ask", "sudo", "$as",
            "export", "alias", "cd", "printf", "echo", "awk", "openssl", "sqlite3", "mkdir", "cat"}  # fmt: skip
"""What a block may begin a command with; whatever else a page shows has to be looked at, and put here or marked."""

_REFUSED = ("systemctl", "journalctl", "useradd", "udevadm", "apt", "apt-get", "pipx", "uv", "modprobe", "losetup",
            "mount", "ledctl")  # fmt: skip
_REFUSAL = 'echo "$(basename "$0"): not in a test; say <!-- not run: why --> above the block" >&2; exit 99\n'
_MODULE = f'exec "{sys.executable}" -m {{module}} "$@"\n'
_RUN = """case "$1" in
orchestrator) shift ;;
demo) ;;
help) ;;
*) echo "run: $1 is not for a test" >&2; exit 99 ;;
esac
exec orchestrator "$@"
"""
_SUDO = f"""[ "$1" = -u ] && shift 2
[ "$1" = orchestrator ] && exec "$@"
{_REFUSAL}"""
_PIP = """# `pip install FOLDER` without a registry: builds the wheel that lies there, and unpacks it
[ "$1" = install ] && cd "$2" && [ -f pyproject.toml ] || {{ echo "pip: only a folder's package" >&2; exit 99; }}
"{python}" -m hatchling build -t wheel -d wheels >/dev/null && "{python}" -m zipfile -e wheels/*.whl "{site}"
"""


def refuse_others(command: str) -> None:
    """Raises AssertionError where a command, or a part of one behind ; | && $(, is none of HARMLESS."""
    bare = re.sub(r"'[^']*'", "''", command.partition("<<")[0])
    bare = re.sub(r'"(?:[^"$]|\$(?!\())*"', '""', bare)
    for part in re.split(r"[;|\n]|&&|\$\(", re.sub(r"(^|\s)#.*$", "", bare, flags=re.MULTILINE)):
        words = [word for word in part.split() if not re.match(r"\w+=", word)]
        assert not words or words[0] in HARMLESS, f"{words[0]!r} is none of {sorted(HARMLESS)}; <!-- not run: why -->"


def put(folder: Path) -> Path:
    """Into folder/bin, which it gives; `run` and .venv/bin beside it; what is installed by pip goes to folder/site."""
    bin_, site = folder / "bin", folder / "site"
    bin_.mkdir()
    site.mkdir()
    scripts = {
        "orchestrator": _MODULE.format(module="orchestrator.interfaces.cli"),
        "sudo": _SUDO,
        "pip": _PIP.format(python=sys.executable, site=site),
    }
    for name, text in {**scripts, **dict.fromkeys(_REFUSED, _REFUSAL)}.items():
        _write(bin_ / name, text)
    _write(folder / "run", _RUN)
    of_a_checkout = folder / ".venv" / "bin"
    of_a_checkout.mkdir(parents=True)
    for name, module in (("orchestrator", "orchestrator.interfaces.cli"), ("pytest", "pytest")):
        _write(of_a_checkout / name, _MODULE.format(module=module))
    return bin_


def _write(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)
