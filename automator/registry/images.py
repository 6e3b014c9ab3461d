"""What an image is: its digest by a tag, and what manifest, index and config blob say of it.

All that is asked for by digest is verified.
"""

from automator.errors import ProtocolViolation
from automator.model.image import Digest, parse_digest
from automator.model.tags import Detail, ImageFacts
from automator.registry.documents import (
    MANIFEST_ACCEPT,
    compute_digest,
    parse_digest_header,
    verify_digest,
)
from automator.registry.manifests import Description, Manifest, parse_config, parse_manifest
from automator.registry.protocol import blob_url, manifest_url
from automator.registry.sources import Source
from automator.registry.transport import Exchange

MANIFEST_BYTES = 8 * 1024 * 1024
_DEEPEST_INDEX = 3
_DIGEST_HEADER = "docker-content-digest"


async def fetch_digest(source: Source, tag: str) -> Digest:
    """A HEAD, or a GET where the registry does not tell the digest then."""
    exchange = Exchange(
        method="HEAD",
        url=manifest_url(source.host.url, source.repository, tag),
        where=source.name(tag),
        body_limit=MANIFEST_BYTES,
        accept=MANIFEST_ACCEPT,
    )
    # Some registries and proxies know no HEAD.
    answer = await source.ask(exchange, accepted=frozenset({200, 405, 501}))
    told = answer.headers.get(_DIGEST_HEADER)
    if answer.status == 200 and told:
        return parse_digest_header(told, where=exchange.where)
    digest, _ = await fetch_manifest(source, tag)
    return digest


async def fetch_manifest(source: Source, reference: str) -> tuple[Digest, Manifest]:
    """By tag or digest."""
    where = source.name(reference)
    exchange = Exchange(
        method="GET",
        url=manifest_url(source.host.url, source.repository, reference),
        where=where,
        body_limit=MANIFEST_BYTES,
        accept=MANIFEST_ACCEPT,
        is_pull=True,
    )
    answer = await source.ask(exchange)
    manifest = parse_manifest(answer.body, answer.headers.get("content-type", ""), where=where)
    if ":" in reference:
        digest = parse_digest(reference)
    elif told := answer.headers.get(_DIGEST_HEADER):
        digest = parse_digest_header(told, where=where)
    else:
        return compute_digest(answer.body), manifest
    verify_digest(answer.body, digest, where=where)
    return digest, manifest


async def describe(
    source: Source, digest: Digest, manifest: Manifest, detail: Detail
) -> ImageFacts:
    """The facts in `detail`, or in more where that costs no request.

    Index, manifest and config blob are asked in this order, each only for what those before it do not tell: the first
    that tells something is believed.
    """
    said = manifest.description
    depth = 1
    while manifest.child is not None and not _is_enough(said, detail):
        if depth == _DEEPEST_INDEX:
            raise ProtocolViolation(
                "its image indexes stand one in another without end",
                location=str(source.repository),
            )
        _, manifest = await fetch_manifest(source, manifest.child)
        said = said.filled_from(manifest.description)
        depth += 1
    is_all = said.is_complete or not manifest.is_image
    if manifest.config is not None and not _is_enough(said, detail):
        said = said.filled_from(await _fetch_config(source, manifest.config))
        is_all = True
    return ImageFacts(
        digest=digest,
        created_at=said.created_at,
        platforms=said.platforms,
        size_bytes=said.size_bytes,
        source=said.source,
        revision=said.revision,
        version=said.version,
        is_image=manifest.is_image,
        detail=Detail.FULL if is_all else Detail.TIME,
    )


def _is_enough(said: Description, detail: Detail) -> bool:
    return said.is_complete or (detail < Detail.FULL and said.created_at is not None)


async def _fetch_config(source: Source, digest: Digest) -> Description:
    where = source.name(digest)
    exchange = Exchange(
        method="GET",
        url=blob_url(source.host.url, source.repository, digest),
        where=where,
        body_limit=MANIFEST_BYTES,
    )
    answer = await source.ask(exchange)
    verify_digest(answer.body, digest, where=where)
    return parse_config(answer.body, where=where)
