"""How many tags a page are asked of a registry, so that a list costs as few requests as there can be.

Registries cap a number that is too large (Quay at 100, GHCR at 1000), refuse it (ECR and distribution 3 above 1000), or
ignore it and send everything (distribution 2.8). Knows nothing of HTTP.
"""

from collections.abc import Sequence

USUAL_SIZE = 1000
LARGE_SIZE = 10 * USUAL_SIZE
SMALL_SIZE = 100

_FEW = 10


class PageSizes:
    """What has been learned of one registry host. `candidates` are to be tried in turn; None is no number at all."""

    def __init__(self) -> None:
        self.candidates: tuple[int | None, ...] = (USUAL_SIZE, SMALL_SIZE, None)
        self._may_grow = True

    def accepted(self, size: int | None) -> None:
        """Larger ones were refused, and are never asked for again."""
        if size != self.candidates[0]:
            self._keep_from(size)

    def listed(self, size: int | None, pages: Sequence[int]) -> None:
        """What came when `size` was asked for: the number of tags on each page of a whole list."""
        if len(pages) < 2:
            return
        if size == LARGE_SIZE and pages[0] < USUAL_SIZE:
            # It takes a number that is too large for none.
            self._keep_from(USUAL_SIZE)
        elif size == USUAL_SIZE and self._may_grow and all(page == size for page in pages[:-1]):
            self._may_grow = False
            self.candidates = (LARGE_SIZE, *self.candidates)

    def _keep_from(self, size: int | None) -> None:
        self._may_grow = False
        # Another list may have been refused it in the meantime.
        if size in self.candidates:
            self.candidates = self.candidates[self.candidates.index(size) :]


def may_be_full(count: int) -> bool:
    """Whether a page without a next one may be full, so that one more tag stands on a page that is not there yet.

    Nobody tells what a registry's largest page is. It is a round number: in tens, or a power of two.
    """
    return count >= _FEW and (count % _FEW == 0 or count.bit_count() == 1)
