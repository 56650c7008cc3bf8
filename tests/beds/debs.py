"""The real smartctl, in two versions, and umockdev's preload library: unpacked .debs, nothing installed, no root.

They lie in $ORCHESTRATOR_BED, else in .cache/bed of the repository, a folder each: `smartctl-7.3`, `smartctl-7.4`,
`umockdev`. What is not there is fetched by apt from the mirror that this machine already uses, with lists and cache of
its own. Run as a program it fetches what is missing and says what is there:

    python tests/beds/debs.py
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

VERSIONS = ("7.3", "7.4")
"""Debian 12's own, and the one in its backports."""
SUITES = {"7.3": "bookworm", "7.4": "bookworm-backports"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Missing(Exception):
    """Why the bed cannot be set up here."""


@dataclass(frozen=True, slots=True)
class Bed:
    """Where things are."""

    library: Path
    smartctl: dict[str, Path]
    """By version."""


def find_bed() -> Bed:
    """The tools, fetched if need be. Raises Missing with the reason."""
    home = Path(os.environ.get("ORCHESTRATOR_BED") or Path(__file__).parents[2] / ".cache" / "bed")
    _fetch_what_is_missing(home)
    libraries = sorted((home / "umockdev").glob("usr/lib/*/libumockdev-preload.so.0"))
    return Bed(libraries[0].resolve(), {v: home / f"smartctl-{v}" / "usr/sbin/smartctl" for v in VERSIONS})


def _fetch_what_is_missing(home: Path) -> None:
    wanted = {f"smartctl-{version}": ("smartmontools", suite) for version, suite in SUITES.items()}
    wanted |= {"umockdev": ("umockdev", "bookworm")}
    missing = {folder: what for folder, what in wanted.items() if not (home / folder).is_dir()}
    if not missing:
        return
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise Missing(f"no {', '.join(missing)} in {home}, and no apt to fetch it with")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=home) as scratch:
        apt = _Apt(Path(scratch))
        for folder, (package, suite) in missing.items():
            package_file = apt.download(package, suite)
            unpacked = Path(scratch) / folder
            _run("dpkg", "-x", str(package_file), str(unpacked))
            with contextlib.suppress(OSError):  # another process of this run was faster
                unpacked.rename(home / folder)


class _Apt:
    """apt-get with its own sources, lists and cache in a folder: needs no rights and leaves the machine's alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        mirror = self._mirror()
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        sources = folder / "sources.list"
        suites = dict.fromkeys((*SUITES.values(), "bookworm"))
        sources.write_text("".join(f"deb {signed}{mirror} {suite} main\n" for suite in suites))
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        self._options = [
            word
            for option in (
                f"Dir::Etc::sourcelist={sources}",
                "Dir::Etc::sourceparts=-",
                f"Dir::State::Lists={folder}/lists",
                f"Dir::Cache={folder}/cache",
                "APT::Sandbox::User=root",  # the folder may be closed to apt's own user
            )
            for word in ("-o", option)
        ]
        _run("apt-get", *self._options, "update")

    def download(self, package: str, suite: str) -> Path:
        into = self._folder / f"{package}-{suite}"
        into.mkdir()
        _run("apt-get", *self._options, "download", f"{package}/{suite}", cwd=into)
        return next(into.glob("*.deb"))

    def _mirror(self) -> str:
        """Of this machine's own sources: where its main suite comes from."""
        told = _run("apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages")
        for line in told.splitlines():
            release, _, uri = line.partition(" ")
            if release == "bookworm":
                return uri
        raise Missing("this machine's package sources do not name Debian 12 (bookworm)")


def _run(*argv: str, cwd: Path | None = None) -> str:
    try:
        ended = subprocess.run(argv, check=False, cwd=cwd, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{argv[0]} did not run: {error}") from error
    if ended.returncode:
        raise Missing(f"{argv[0]} {argv[-1]} failed: {(ended.stderr.strip().splitlines() or ['no word'])[-1]}")
    return ended.stdout


if __name__ == "__main__":
    try:
        print(find_bed())
    except Missing as reason:
        raise SystemExit(f"no preload bed: {reason}") from None
