"""pytest-xdist: the controller's rack, served on this host for the workers of one session and nobody else.

Rack ──serve──▶ http://127.0.0.1:PORT + token ──workerinput──▶ RemoteRack, in each worker
RemoteRack ─────────────── its own address ───workerinput──▶ RemoteRack, in each worker
"""

import importlib.util
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.interfaces.pytest_plugin.racks import UsedRack, Wanted
from orchestrator.model import plain
from orchestrator.model.errors import Refused
from orchestrator.model.slot import SlotInfo


@dataclass(frozen=True, slots=True)
class Served:
    """Where a worker finds the rack."""

    url: str
    token: str
    """"" where it takes none."""
    folder: Path
    """For the locks of the slots."""

    def input(self, slots: tuple[SlotInfo, ...]) -> dict[str, Any]:
        """What a worker is given: plain values."""
        return {
            "rack_url": self.url,
            "rack_token": self.token,
            "rack_folder": str(self.folder),
            "rack_slots": plain.dumps(slots),
        }


def joined(given: Mapping[str, Any]) -> tuple[SlotInfo, ...]:
    """The slots as the controller saw them, so that all workers collect the same; () in any other process."""
    return plain.loads(given["rack_slots"], tuple[SlotInfo, ...]) if "rack_slots" in given else ()


@contextmanager
def serve(rack: UsedRack, wanted: Wanted) -> Iterator[Served]:
    """While it lasts. Raises Refused where what serves a rack is not installed."""
    from orchestrator.interfaces.reach import read_token
    from orchestrator.rack import Rack
    from orchestrator.remote.rack import RemoteRack

    with tempfile.TemporaryDirectory(prefix="rack-") as name:
        folder = Path(name)
        if isinstance(rack, RemoteRack):
            token = read_token(wanted.token_file) if wanted.is_url else None
            yield Served(rack.url, token or "", folder)
            return
        if not isinstance(rack, Rack):
            raise Refused("this rack cannot be asked by several processes", remedy="leave -n away")
        from orchestrator.interfaces.service import INSTALL, NEEDED

        missing = [needed for needed in NEEDED if importlib.util.find_spec(needed) is None]
        if missing:
            raise Refused(f"-n needs {', '.join(missing)}, not installed here", remedy=INSTALL)
        from orchestrator.interfaces.web.server import serve_http
        from orchestrator.interfaces.web.tokens import Scope, Tokens

        tokens = Tokens(folder / "tokens.json")
        token = tokens.add("pytest", [Scope.ADMIN])
        with serve_http(rack, "127.0.0.1", 0, tokens=tokens) as server:
            yield Served(server.url, token, folder)
