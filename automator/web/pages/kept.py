"""Pages that are the same for everybody who is not logged in, kept until the board has news.

News make all readers look at once: what one of them had rendered the others are given.
"""

from automator.web.query import TableQuery

_MOST_BYTES = 8 * 2**20


class KeptPages:
    """Those of one version of the board; the oldest give way where they would be more than `most_bytes`."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._version = 0
        self._pages: dict[TableQuery, bytes] = {}
        self._bytes = 0

    def find(self, version: int, query: TableQuery) -> bytes | None:
        return self._pages.get(query) if version == self._version else None

    def keep(self, version: int, query: TableQuery, html: bytes) -> None:
        if version != self._version:
            self._version, self._pages, self._bytes = version, {}, 0
        self._bytes += len(html) - len(self._pages.pop(query, b""))
        self._pages[query] = html
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._pages.pop(next(iter(self._pages))))
