"""A JSON answer, written by encode.to_bytes."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from orchestrator.interfaces.web import encode


class JsonReply(Response):
    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """`content`: what JSON knows, or bytes that are JSON already."""
        super().__init__(content if isinstance(content, bytes) else encode.to_bytes(content), status_code, headers)
