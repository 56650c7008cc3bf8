"""The OpenAPI document, exact: every route with its scope and with each problem it can answer."""

import importlib.metadata
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from orchestrator.interfaces.web import problems
from orchestrator.interfaces.web.schemas import Problem
from orchestrator.interfaces.web.security import Needs
from orchestrator.interfaces.web.tokens import Scope

_SAFE_PROBLEMS = {401: "No token, or none that is known", 403: "Not with this token", 421: "Not this host's name"}
_UNSAFE_PROBLEMS = {408: "Too slow", 413: "Too large"}


_LINKED = ("get_job_status", "get_result", "job_history", "pause_job", "resume_job", "cancel_job")
"""What an accepted job's id is good for."""


def scope_of(route: APIRoute) -> Scope | None:
    """Raises LookupError for a route that names none."""
    found = [wish.dependency for wish in route.dependencies if isinstance(wish.dependency, Needs)]
    if len(found) != 1:
        raise LookupError(f"{route.path}: a route names its one scope with needs(...)")
    return found[0].scope


def install(app: FastAPI, api: APIRouter) -> None:
    """Raises LookupError where a route of the API names no scope: it is not served at all."""
    routes = [route for route in api.routes if isinstance(route, APIRoute)]
    for route in routes:
        scope_of(route)
    routes = [route for route in routes if route.include_in_schema]

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(routes)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(routes: list[APIRoute]) -> dict[str, Any]:
    version = importlib.metadata.version("drive-test-orchestrator")
    document = get_openapi(title="Drive test orchestrator", version=version, routes=routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "orchestrator_session"},
    }
    for route in routes:
        for method in route.methods or ():
            _complete(document["paths"][route.path][method.lower()], route, method)
    return document


def _complete(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    scope = scope_of(route)
    operation["security"] = [{"token": [scope.value]}, {"session": [scope.value]}] if scope else [{}]
    operation["x-scope"] = scope.value if scope else "none"
    answers = operation["responses"]
    answers.pop("422", None)
    found: dict[int, str] = dict(_SAFE_PROBLEMS)
    if method != "GET":
        found |= _UNSAFE_PROBLEMS
    if route.body_field is not None:
        found |= {400: "No JSON"}
    if route.dependant.path_params or route.dependant.query_params or route.dependant.header_params or route.body_field:
        found |= {422: "It makes no sense"}
    if "{" in route.path or method != "GET":
        found |= {404: "No such thing"}
    if method != "GET" or route.path.endswith(("/result", "/report")):
        found |= {409: "Not now", 503: "The service takes no work now"}
    if route.path.endswith("/result"):
        found |= {problems.JOB_FAILED: "The job ended without an answer"}
    if "202" in answers:
        parameters = {"job_id": "$response.body#/id"}
        answers["202"]["links"] = {name: {"operationId": name, "parameters": parameters} for name in _LINKED}
    for status, text in found.items():
        reference = {"$ref": "#/components/schemas/Problem"}
        answers.setdefault(str(status), {"description": text, "content": {problems.MEDIA_TYPE: {"schema": reference}}})
