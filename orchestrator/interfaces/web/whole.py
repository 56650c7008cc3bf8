"""GET /api/v1/rack and /counts: what the rack tells of itself as a whole."""

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from orchestrator.interfaces.web import encode, schemas
from orchestrator.interfaces.web.reply import JsonReply
from orchestrator.interfaces.web.security import needs
from orchestrator.interfaces.web.tokens import Scope

if TYPE_CHECKING:
    from orchestrator.rack import Rack

READ = [needs(Scope.READ)]


def add(router: APIRouter, rack: "Rack") -> None:
    @router.get("/rack", dependencies=READ, responses={200: {"model": schemas.WholeRack}}, tags=["service"])
    def whole_rack() -> Response:
        """What the rack is: its history, its chassis, and what starts by itself in which slot."""
        layout = rack.layout
        return JsonReply(
            {
                "simulated": rack.is_simulated,
                "keeps_history": rack.keeps_history,
                "trouble": rack.trouble,
                "sequence": rack.sequence,
                "layout": None if layout is None else layout.model_dump(mode="json"),
                "plans": [
                    {"slot_id": slot_id, "plan": encode.plain(plan)} for slot_id, plan in sorted(rack.plans.items())
                ],
            }
        )

    @router.get("/counts", dependencies=READ, responses={200: {"model": schemas.Counts}}, tags=["jobs"])
    def counts() -> Response:
        """How many jobs there are of each status."""
        found = sorted(rack.counts().items())
        items = [{"status": status.value, "status_name": status.name, "jobs": jobs} for status, jobs in found]
        return JsonReply({"total": sum(jobs for _, jobs in found), "items": items})
