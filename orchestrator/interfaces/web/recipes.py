"""GET /api/v1/recipes: what run_recipe can do here, as the rack has it now."""

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from orchestrator.interfaces.web import encode, schemas
from orchestrator.interfaces.web.reply import JsonReply
from orchestrator.interfaces.web.security import needs
from orchestrator.interfaces.web.tokens import Scope

if TYPE_CHECKING:
    from orchestrator.rack import Rack


def add(router: APIRouter, rack: "Rack") -> None:
    @router.get(
        "/recipes",
        dependencies=[needs(Scope.READ)],
        responses={200: {"model": schemas.Recipes}},
        tags=["operations"],
    )
    def list_recipes() -> Response:
        """The rack's recipes by name, step by step; a changed rack file changes them."""
        return JsonReply({"items": [encode.plain(recipe) for _, recipe in sorted(rack.recipes.items())]})
