"""The guest's parts: a Debian kernel, a root image and an initrd. From apt's mirror and pip; nothing is installed.

    apt-get download ──▶ unpacked root ──pip --target──▶ + our dependencies ──mke2fs -d──▶ root.img
                   └───▶ kernel ──depmod──▶ the modules that a rack needs ───────────────▶ vmlinuz, initrd

They lie in $ORCHESTRATOR_GUEST, else in .cache/guest of the repository, in a folder named by the kernel and a hash of
the package list, the requirements and this recipe; an older one is deleted. Our own code is in none of them: it is
handed over at boot (machine.py). The programs of the unpacked root make the rest, so that the host needs only apt-get,
dpkg-deb and tar. Run as a program it makes what is missing and says how long each step took:

    python tests/guest/prepare.py
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGES = (
    *("base-files", "base-passwd", "busybox-static", "coreutils", "dash", "e2fsprogs", "grep", "kmod", "libc-bin"),
    *("mount", "nvme-cli", "python3", "sed", "smartmontools", "udev", "util-linux"),
)
IN_INITRD = ("virtio_pci", "virtio_blk", "ext4")
MODULES = (*IN_INITRD, "virtio_console", "nvme", "sd_mod", "sg", "tcm_loop", "target_core_user")
LEFT_OUT = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/perl*", "usr/lib/*/perl*", "usr/lib/*/libperl*"),
    *("lib/modules/*/kernel/" + folder for folder in ("sound", "drivers/gpu", "drivers/media", "drivers/net/wireless")),
)
IMAGE_MIB = 600
STEP_S = 240
"""Host seconds for one program; a mirror may be slow."""
INIT = """#!/bin/sh
mount -t devtmpfs dev /dev
while read module; do insmod $module 2>/dev/null; done </modules
while [ ! -b /dev/vda ]; do sleep 0.05; done
mount -t ext4 /dev/vda /mnt
mount -t tmpfs lane /mnt/lane
cp -a /lane/. /mnt/lane/
exec switch_root /mnt /lane/init
"""
"""Of the initrd. /lane comes in an archive of its own, behind this one. A CRC accelerator's insmod may fail."""


class Missing(Exception):
    """Why there can be no guest here."""


@dataclass(frozen=True, slots=True)
class GuestParts:
    """Where things are."""

    folder: Path

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd"

    @property
    def image(self) -> Path:
        return self.folder / "root.img"

    @property
    def busybox(self) -> Path:
        """Static; for the host's own use too."""
        return self.folder / "busybox"


def home() -> Path:
    return Path(os.environ.get("ORCHESTRATOR_GUEST") or REPOSITORY / ".cache" / "guest")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Held while a guest is made or runs: two cores are not enough for two."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find_parts() -> GuestParts:
    """The guest's parts, made if need be in half a minute. Call it `one_at_a_time`. Raises Missing with the reason."""
    if platform.machine() != "x86_64":
        raise Missing(f"the guest is an x86_64, and this host an {platform.machine()}")
    for program in ("apt-get", "apt-cache", "dpkg-deb", "tar"):
        if shutil.which(program) is None:
            raise Missing(f"no {program} on this host")
    kernel = _newest_kernel()
    wanted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    recipe = hashlib.sha256(Path(__file__).read_bytes() + "\n".join(wanted).encode()).hexdigest()[:12]
    folder = home() / f"{kernel}-{recipe}"
    if not folder.is_dir():
        for old in home().glob("*-*"):
            shutil.rmtree(old)
        with tempfile.TemporaryDirectory(prefix="make-", dir=home()) as scratch:
            _make(Path(scratch), kernel, wanted).rename(folder)
    return GuestParts(folder)


def _make(scratch: Path, kernel: str, requirements: list[str]) -> Path:
    made, root, drivers = GuestParts(scratch / "parts"), _Root(scratch / "root"), scratch / "kernel"
    version = kernel.removeprefix("linux-image-")
    made.folder.mkdir()
    with _told("packages"):
        root.unpack(_download(scratch / "packages", PACKAGES))
    with _told("Python's packages"):
        root.install(requirements)
    with _told("the kernel"):
        drivers.mkdir()
        (package,) = _download(scratch / "kernel-package", (kernel,), alone=True)
        _unpack(package, drivers)
        shutil.copy(drivers / "boot" / f"vmlinuz-{version}", made.kernel)
        root.run("depmod", "-b", str(drivers), version)
        modules = drivers / "lib/modules" / version
        root.copy_modules(modules)
    with _told("initrd and image"):
        shutil.copy(root.path / "usr/bin/busybox", made.busybox)
        made.initrd.write_bytes(
            archive(made.busybox, _initrd(scratch / "initrd", made.busybox, modules, root.needed(modules, IN_INITRD)))
        )
        with made.image.open("wb") as image:
            image.truncate(IMAGE_MIB << 20)
        options = ("-q", "-F", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0", "-d", str(root.path))
        root.run("mke2fs", *options, str(made.image))
    return made.folder


class _Root:
    """The guest's root while it is made. Its own programs are run from it, by its own loader: no chroot, no rights."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._libraries = path / "usr/lib/x86_64-linux-gnu"

    def unpack(self, packages: list[Path]) -> None:
        for name in ("bin", "sbin", "lib", "lib64"):
            (self.path / "usr" / name).mkdir(parents=True)
            (self.path / name).symlink_to(f"usr/{name}")
        for package in packages:
            _unpack(package, self.path)
        for name in ("passwd", "group"):
            shutil.copy(self.path / "usr/share/base-passwd" / f"{name}.master", self.path / "etc" / name)
        (self.path / "lane").mkdir()
        _run(str(self.path / "usr/sbin/ldconfig"), "-r", str(self.path))  # pyudev finds libudev by ldconfig's cache

    def install(self, requirements: list[str]) -> None:
        """Into /opt/py, for the guest's Python; then everything is compiled, for the guest is slow."""
        python = (self.path / "usr/bin/python3").readlink().name.removeprefix("python")
        into = self.path / "opt/py"
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--root-user-action=ignore"]
        platforms = [f"--platform=manylinux{name}_x86_64" for name in ("2014", "_2_28")]
        if importlib.util.find_spec("pip") is None:
            pip, platforms = ["uv", "pip", "install", "-q"], ["--python-platform=x86_64-manylinux_2_28"]
        wheels = ("--only-binary=:all:", f"--python-version={python}", *platforms)
        _run(*pip, "--target", str(into), *wheels, *requirements)
        for folder in (self.path / "usr/lib" / f"python{python}", into):
            self.run("python3", "-m", "compileall", "-q", "-j", "2", str(folder))

    def copy_modules(self, modules: Path) -> None:
        """Only what is needed, but with all that it needs: whole folders miss some (measured: nvme's)."""
        into = self.path / "lib/modules" / modules.name
        for module in self.needed(modules, MODULES):
            (into / module).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(modules / module, into / module)
        for name in ("modules.builtin", "modules.order", "modules.builtin.modinfo"):
            shutil.copy(modules / name, into)
        self.run("depmod", "-b", str(self.path), modules.name)

    def needed(self, modules: Path, names: tuple[str, ...]) -> list[str]:
        """The files of these modules and of all that they need, in the order in which they can be loaded."""
        told = [self.run("modprobe", "-d", str(modules.parents[2]), "-S", modules.name, "-D", name) for name in names]
        files = [line.split()[1] for line in "".join(told).splitlines() if line.startswith("insmod ")]
        return list(dict.fromkeys(str(Path(file).relative_to(modules)) for file in files))

    def run(self, program: str, *words: str) -> str:
        named = (self.path / "usr" / folder / program for folder in ("bin", "sbin"))
        path = next(path for path in named if os.path.lexists(path))
        if path.is_symlink() and (link := path.readlink()).is_absolute():  # of this root, not of the host
            path = self.path / link.relative_to("/")
        loader = (str(self._libraries / "ld-linux-x86-64.so.2"), "--library-path", str(self._libraries))
        return _run(
            *loader, "--argv0", program, str(path), *words, env={**os.environ, "PYTHONHOME": str(self.path / "usr")}
        )


def _initrd(folder: Path, busybox: Path, modules: Path, files: list[str]) -> Path:
    for name in ("bin", "lib", "dev", "mnt"):
        (folder / name).mkdir(parents=True)
    shutil.copy(busybox, folder / "bin/busybox")
    for program in ("sh", "mount", "insmod", "switch_root", "sleep", "cp"):
        (folder / "bin" / program).symlink_to("busybox")
    for file in files:
        shutil.copy(modules / file, folder / "lib")
    (folder / "modules").write_text("".join(f"/lib/{Path(file).name}\n" for file in files))
    (folder / "init").write_text(INIT)
    (folder / "init").chmod(0o755)
    return folder


def archive(busybox: Path, folder: Path) -> bytes:
    """The folder as the kernel takes an initrd; several may stand one behind the other."""
    names = "\n".join(sorted(str(path.relative_to(folder)) for path in folder.rglob("*")))
    ended = subprocess.run(
        [busybox, "cpio", "-o", "-H", "newc"],
        cwd=folder,
        input=names.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return ended.stdout


def _download(folder: Path, packages: tuple[str, ...], *, alone: bool = False) -> list[Path]:
    """The .debs of these packages; unless `alone`, with all that they depend on, as on a machine that has none."""
    (folder / "archives/partial").mkdir(parents=True)
    (folder / "status").touch()
    if alone:
        _run("apt-get", "download", "-o", "APT::Sandbox::User=root", *packages, cwd=folder / "archives")
    else:
        paths = {"Dir::State::Status": "status", "Dir::Cache": ".", "Dir::Cache::Archives": "archives"}
        options = [f"-o{name}={folder / path}" for name, path in paths.items()]
        apt = ("apt-get", "-qq", "-y", "--no-install-recommends", "--download-only", "-oAPT::Sandbox::User=root")
        _run(*apt, "-oDebug::NoLocking=1", *options, "install", *packages)
    return sorted((folder / "archives").glob("*.deb"))


def _unpack(package: Path, into: Path) -> None:
    excluded = [f"--exclude=./{pattern}" for pattern in LEFT_OUT]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as tar:
        options = ("-x", "-C", str(into), "--keep-directory-symlink", "--no-same-owner", *excluded)
        subprocess.run(("tar", *options), stdin=tar.stdout, check=True, timeout=STEP_S)


def _newest_kernel() -> str:
    """The package that Debian's meta package names today; it moves with security updates."""
    told = _run("apt-cache", "depends", "linux-image-amd64").split()
    kernels = [word for word in told[1:] if word.startswith("linux-image-") and word.endswith("-amd64")]
    if not kernels:
        raise Missing("apt knows no linux-image-amd64; type: sudo apt-get update")
    return kernels[0]


def _run(*argv: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    try:
        ended = subprocess.run(argv, check=False, cwd=cwd, env=env, capture_output=True, text=True, timeout=STEP_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{argv[0]} did not run: {error}") from error
    if ended.returncode:
        said = (ended.stderr.strip() or ended.stdout.strip() or "no word").splitlines()[-1]
        raise Missing(f"{' '.join(argv[:6])} failed: {said}")
    return ended.stdout


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"guest: {what} {time.monotonic() - began:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    try:
        with one_at_a_time():
            print(find_parts().folder)
    except Missing as reason:
        raise SystemExit(f"no guest: {reason}") from None
