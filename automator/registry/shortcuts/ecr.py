"""Amazon ECR: every image of a repository with its push time, by DescribeImages, 1000 images a request.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html: in no order, so that all pages are
read each time. The account needs `ecr:DescribeImages`. botocore sends these requests by itself, past the limits of
the registry host; it keeps to AWS's own, and they are counted here.
"""

from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio.to_thread

from automator.clock import Clock
from automator.errors import ProtocolViolation
from automator.model.image import ImageRepository, is_tag
from automator.model.tags import ListedImage
from automator.registry.clouds.aws import EcrHost, aws_errors, ecr_client
from automator.registry.documents import DOCKER_CONFIG, OCI_CONFIG
from automator.registry.shortcuts.answers import DigestField, Entry, read_entries
from automator.registry.shortcuts.paging import Images, read_newest

_PAGE_SIZE = 1000
# The media type of an image's config blob; an image index has none.
_IMAGE_TYPES = frozenset({None, DOCKER_CONFIG, OCI_CONFIG})


class _Image(Entry):
    imageDigest: DigestField  # noqa: N815 - the API's names
    imageTags: list[str] = []  # noqa: N815, RUF012 - pydantic copies it
    imagePushedAt: datetime | None = None  # noqa: N815
    artifactMediaType: str | None = None  # noqa: N815

    def listed(self) -> ListedImage:
        pushed_at = self.imagePushedAt
        return ListedImage(
            digest=self.imageDigest,
            pushed_at=None if pushed_at is None else pushed_at.astimezone(UTC),
            is_image=self.artifactMediaType in _IMAGE_TYPES,
        )


class Ecr:
    """`requests` counts the pages that were asked for."""

    def __init__(self, *, host: EcrHost, clock: Clock) -> None:
        self.requests = 0
        self._host = host
        self._clock = clock
        self._client: Any = None

    async def fetch(self, repository: ImageRepository, known: Images) -> Images:
        pages = self._pages(repository)
        told = await read_newest(pages, {}, now=self._clock.now())
        return {**known, **told}

    async def _pages(self, repository: ImageRepository) -> AsyncGenerator[Images]:
        following: str | None = None
        while True:
            self.requests += 1
            answer = await anyio.to_thread.run_sync(
                partial(self._describe_images, repository, following)
            )
            images: dict[str, ListedImage] = {}
            for image in read_entries(_Image, answer["imageDetails"]):
                images.update(dict.fromkeys(filter(is_tag, image.imageTags), image.listed()))
            yield images
            following = answer.get("nextToken")
            if not following:
                return

    def _describe_images(
        self, repository: ImageRepository, following: str | None
    ) -> Mapping[str, Any]:
        """Blocking. botocore reads its models when the client is made, which takes a while."""
        page = {} if following is None else {"nextToken": following}
        with aws_errors(str(repository)):
            if self._client is None:
                self._client = ecr_client(self._host)
            answer: Mapping[str, Any] = self._client.describe_images(
                registryId=self._host.account,
                repositoryName=repository.path,
                maxResults=_PAGE_SIZE,
                filter={"tagStatus": "TAGGED"},
                **page,
            )
        if "imageDetails" not in answer:
            raise ProtocolViolation("AWS does not answer with images", location=str(repository))
        return answer
