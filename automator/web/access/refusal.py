"""What is answered to who may not: JSON to programs, a short text to people."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from starlette.responses import HTMLResponse, JSONResponse, Response


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status, what is wrong and what to do next."""

    status: int
    error: str
    hint: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def unproven(cls, error: str, hint: str = "") -> Self:
        """401, which has to say how one gets in."""
        said = hint or "send a token of `automator token` as Authorization: Bearer"
        return cls(401, error, said, headers={"www-authenticate": "Bearer"})

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.error} ({self.hint})" if self.hint else self.error

    def response(self, *, for_programs: bool) -> Response:
        """The connection ends with it: what else the sender has to say is not read."""
        headers = {**self.headers, "connection": "close"}
        if for_programs:
            content = {"error": self.error, "hint": self.hint}
            return JSONResponse(content, status_code=self.status, headers=headers)
        text = html.escape(self.text)
        page = f'<!doctype html><html lang="en"><title>automator</title><p>{text}</p></html>\n'
        return HTMLResponse(page, status_code=self.status, headers=headers)
