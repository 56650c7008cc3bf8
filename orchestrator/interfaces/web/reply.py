"""A JSON answer, written by encode.to_bytes."""

from typing import Any

from starlette.responses import JSONResponse

from orchestrator.interfaces.web import encode


class JsonReply(JSONResponse):
    def render(self, content: Any) -> bytes:
        """`content`: what JSON knows, or bytes that are JSON already."""
        return content if isinstance(content, bytes) else encode.to_bytes(content)
