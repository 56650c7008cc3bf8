"""An error as RFC 9457 has it: application/problem+json with our code, the remedy, the slot and the serial.

    422  InvalidArgument, WrongOperation     the request makes no sense, and will not make any later
    404  NotFound                            no such slot, job, operation, drive
    409  Refused, JobNotFinished             not now: the slot is empty, the job still runs
    403  NotPermitted                        not with this token
    503  RackClosed, StoreUnavailable, StoreUnusable     the service takes no work now
    424  NoAnswer                            the work broke off; says nothing about the drive's health
    500  what is left: a fault of ours

A FAILED job's own error is 424 whatever its class: 409 from a result means "ask again", and nothing else does.
"""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from orchestrator.interfaces.web import encode
from orchestrator.model import errors
from orchestrator.model.errors import OrchestratorError

MEDIA_TYPE = "application/problem+json"
JOB_FAILED = 424
_STATUS: dict[type[OrchestratorError], int] = {
    errors.InvalidArgument: 422,
    errors.NotFound: 404,
    errors.JobNotFinished: 409,
    errors.NotPermitted: 403,
    errors.RackClosed: 503,
    errors.StoreUnavailable: 503,
    errors.StoreUnusable: 503,
    errors.Refused: 409,
    errors.NoAnswer: 424,
}


def status_of(error: OrchestratorError) -> int:
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def of_error(error: OrchestratorError, instance: str, status: int | None = None) -> Response:
    return problem(
        status or status_of(error),
        error.code,
        error.text,
        instance,
        remedy=error.remedy,
        slot_id=error.slot_id,
        serial=error.serial,
    )


def problem(
    status: int,
    code: str,
    detail: str,
    instance: str,
    *,
    remedy: str = "",
    slot_id: int | None = None,
    serial: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """`code`: an error's of model/errors.py, or one of the door's: stable, and what a program looks at."""
    body = {
        "type": f"urn:orchestrator:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "remedy": remedy,
        "slot_id": slot_id,
        "serial": serial,
    }
    return Response(encode.to_bytes(body), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every error that a route raises on purpose leaves as a problem."""
    app.add_exception_handler(OrchestratorError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _ours(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, OrchestratorError)  # noqa: S101 -- registered for it
    return of_error(exc, request.url.path)


async def _invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 -- registered for it
    found = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors()]
    return problem(422, errors.InvalidArgument.code, "; ".join(found), request.url.path)


async def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 -- registered for it
    code = HTTPStatus(exc.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(exc.status_code, code, str(exc.detail), request.url.path, headers=dict(exc.headers or {}))


def unexpected(instance: str) -> Response:
    """For what nobody foresaw. Says nothing of it: the log does."""
    return problem(500, "internal_error", "something went wrong here", instance, remedy="the log has the traceback")
