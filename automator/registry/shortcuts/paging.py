"""Pages of an API that lists what was pushed last first: no more of them are read than bring news."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from automator.errors import RegistryError
from automator.model.tags import ListedImage

MOST_PAGES = 100
"""The last ten thousand tags of most APIs. Those before are told by their images, if they are asked for at all."""

_EARLIEST_PUSH = datetime(2013, 1, 1, tzinfo=UTC)
"""Docker's first release was in March 2013: nothing was pushed before."""

_CLOCK_SKEW = timedelta(minutes=5)

Images = Mapping[str, ListedImage]


async def read_newest(pages: AsyncGenerator[Images], known: Images, *, now: datetime) -> Images:
    """`known`, brought up to date by the pages. Raises RegistryError if there is not even a first one.

    Where the last tag of a page is known as it stands there, what follows is older and was read before, so that a new
    tag costs one page. That is relied on only where the page does go from newer to older.
    """
    told: dict[str, ListedImage] = {}
    left = MOST_PAGES
    async with aclosing(_as_far_as_told(pages)) as readable:
        async for page in readable:
            if page and page.keys() <= told.keys():
                break  # nothing but what stood on the pages before: the API may not count its pages
            for tag, image in page.items():
                told.setdefault(tag, _plausible(image, now))
            left -= 1
            if not left or _is_known(page, told, known):
                break
    return {**known, **told}


async def _as_far_as_told(pages: AsyncGenerator[Images]) -> AsyncGenerator[Images]:
    """A registry that fails or tires on a later page has told what was pushed last, which is what is wanted most."""
    has_begun = False
    async with aclosing(pages):
        try:
            async for page in pages:
                yield page
                has_begun = True
        except RegistryError:
            if not has_begun:
                raise


def _is_known(page: Images, told: Images, known: Images) -> bool:
    """Whether the page's last tag is known as it stands there, and the page goes from newer to older."""
    tags = tuple(page)
    if not tags:
        return False
    first, last = told[tags[0]], told[tags[-1]]
    if first.pushed_at is None or last.pushed_at is None or first.pushed_at < last.pushed_at:
        return False
    return known.get(tags[-1]) == last


def _plausible(image: ListedImage, now: datetime) -> ListedImage:
    """Without a push time that cannot be; a creation time is the image's own word, and judged where it is used."""
    pushed_at = image.pushed_at
    if pushed_at is None or _EARLIEST_PUSH <= pushed_at <= now + _CLOCK_SKEW:
        return image
    return replace(image, pushed_at=None)
