"""What a registry compressed, a bounded piece at a time: a small answer can be made to unfold to any size.

httpx would unfold a whole chunk at once, and as many codings in one another as the registry names.
"""

import zlib
from collections.abc import Iterator

from automator.errors import ProtocolViolation

ACCEPT_ENCODING = "gzip"

_PIECE_BYTES = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class Inflater:
    """Of one answer. ProtocolViolation for what is not gzip, once, and whole; an answer without a body may say anything.

    `coding` is the Content-Encoding, in lower case.
    """

    def __init__(self, coding: str, *, where: str) -> None:
        self._coding = coding
        self._where = where
        self._stream = zlib.decompressobj(_GZIP)
        self._has_begun = False

    def inflate(self, chunk: bytes) -> Iterator[bytes]:
        """Pieces of at most 256 KiB; whoever has enough of them stops."""
        self._has_begun = True
        if self._coding not in {"gzip", "x-gzip"}:
            raise self._refusal(f"is encoded as {self._coding[:40]!r}, and gzip was asked for")
        if self._stream.eof:
            raise self._refusal("goes on after its end")
        piece = self._step(chunk)
        yield piece
        # A full piece means that there may be more, in what is left of the chunk or inside of the stream.
        while len(piece) == _PIECE_BYTES:
            piece = self._step(self._stream.unconsumed_tail)
            yield piece
        if self._stream.unused_data:
            raise self._refusal("goes on after its end")

    def finish(self) -> None:
        if self._has_begun and not self._stream.eof:
            raise self._refusal("ends too early")

    def _step(self, data: bytes) -> bytes:
        try:
            return self._stream.decompress(data, _PIECE_BYTES)
        except zlib.error as error:
            raise self._refusal("is not gzip") from error

    def _refusal(self, what: str) -> ProtocolViolation:
        return ProtocolViolation(
            f"the registry's compressed answer {what}",
            location=self._where,
            hint="the registry or a proxy before it does not compress as it should",
        )
