"""One route per declared operation: POST /api/v1/operations/NAME opens a job, answered at once with its record.

One that runs code of the caller's on this host (run_pytest) takes a token of the scope admin, also from this host: a
port on it is open to every user here, and to whatever any of them runs.
"""

import hashlib
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response

from orchestrator.interfaces.web import encode, schemas
from orchestrator.interfaces.web.idempotency import Keys
from orchestrator.interfaces.web.reply import JsonReply
from orchestrator.interfaces.web.security import LOCAL, needs
from orchestrator.interfaces.web.tokens import Scope
from orchestrator.model.errors import NotPermitted, UnknownOperation
from orchestrator.operations.declare import Operation

if TYPE_CHECKING:
    from orchestrator.rack import Rack

KEY = Header(
    alias="Idempotency-Key",
    min_length=1,
    max_length=255,
    description="the same key and body again give the same job, for 24 h",
)


def add(
    router: APIRouter, rack: "Rack", operation: Operation[..., Any], keys: Keys, recipes: tuple[str, ...] = ()
) -> None:
    """`recipes`: the names that the document tells; the rack knows those of the moment."""

    def start(request: Request, body: Any, idempotency_key: str | None = None) -> Response:
        options = {name: getattr(body.options, name) for name in type(body.options).model_fields}

        def open_job() -> int:
            return rack.start(operation.name, body.client_ref, body.slot_id, body.parent, **options)

        if idempotency_key is None:
            job_id, again = open_job(), False
        else:
            digest = hashlib.sha256(f"{operation.name} {body.model_dump_json()}".encode()).digest()
            job_id, again = keys.begin(request.state.identity.name, idempotency_key, digest, open_job)
        job = rack.get_job_status(job_id)
        headers = {"location": f"/api/v1/jobs/{job_id}"} | ({"idempotency-replayed": "true"} if again else {})
        return JsonReply(encode.job(job), 202, headers)

    start.__annotations__["body"] = schemas.start_of(operation, recipes)
    start.__annotations__["idempotency_key"] = Annotated[str | None, KEY]
    router.add_api_route(
        f"/operations/{operation.name}",
        start,
        methods=["POST"],
        status_code=202,
        operation_id=f"start_{operation.name}",
        summary=operation.summary,
        dependencies=[needs(Scope.ADMIN), Depends(_by_token)] if operation.runs_code else [needs(Scope.RUN)],
        response_model=None,
        responses={202: {"model": schemas.Job, "description": "Accepted; Location has the job's address"}},
        tags=["operations"],
    )


async def _by_token(request: Request) -> None:
    if request.state.identity is LOCAL:
        raise NotPermitted(
            "this runs code on the rack's host, which takes a token; this service has none",
            remedy="make one (orchestrator token add NAME --scope admin) and start the service again",
        )


def add_unknown(router: APIRouter, rack: "Rack") -> None:
    """Behind all others: says which operations there are."""

    @router.post("/operations/{name}", dependencies=[needs(Scope.RUN)], include_in_schema=False)
    async def start(name: str) -> Response:
        raise UnknownOperation(f"no operation {name!r}", remedy=f"it is one of: {', '.join(sorted(rack.operations))}")
