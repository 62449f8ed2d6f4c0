"""What a download brings, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.fetch import FetchError
from storage.model import Headers


class FetchFailedError(Exception):
    """A download brought nothing; `error` says why."""

    def __init__(self, error: FetchError) -> None:
        super().__init__(f"{error.kind}: {error.detail}")
        self.error = error


@dataclass(frozen=True, slots=True)
class Download:
    """What one request brought. `headers` are as on the wire, `body` is unpacked; nothing secret is in here."""

    url: str
    status: int
    headers: Headers
    body: bytes
    request_headers: Headers
    bytes_received: int

    def header(self, name: str) -> str | None:
        """The first header of that name (lower case), or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)
