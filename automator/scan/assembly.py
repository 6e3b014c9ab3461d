"""The scalars of a layout, or of an entry of Kustomize, put together to one image. What cannot be read is told."""

import yaml

from automator.errors import InvalidReference
from automator.model.field import Role, Span
from automator.model.image import Digest, ImageReference, is_tag, parse_digest
from automator.scan.found import DocumentScan, Owner, Piece
from automator.scan.layouts import Layout, name_container
from automator.scan.reach import text_of
from automator.scan.values import NOT_LITERAL, is_surely_image, read_image, why_untouched

_QUOTES = frozenset({"'", '"'})
_FLOAT = "tag:yaml.org,2002:float"


class NotRead(Exception):
    """An image that is none to touch; `reason` is empty where there is nothing to tell."""

    def __init__(self, node: yaml.Node, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason


def add_layout(
    scan: DocumentScan, owner: Owner, names: list[str], layout: Layout, overriding: str = ""
) -> None:
    """`names` lead to the map. `overriding` is the registry that a chart's `global.imageRegistry` puts in place of its own."""
    if not isinstance(layout.repository, yaml.ScalarNode):
        return
    try:
        found = _Assembly(layout, layout.repository, overriding).assemble()
    except NotRead as untouched:
        report_untouched(scan, untouched.node, untouched.reason)
        return
    if found is None:
        return
    image, pieces = found
    if layout.sure or len(pieces) > 1 or is_surely_image(image):
        _warn_of_numbers(scan, pieces)
        scan.add_field(owner, name_container(names, layout.name), image, pieces)


class _Assembly:
    def __init__(self, layout: Layout, repository: yaml.ScalarNode, overriding: str) -> None:
        self._layout = layout
        self._repository = repository
        self._overriding = overriding
        self._pieces: list[Piece] = []

    def assemble(self) -> tuple[ImageReference, list[Piece]] | None:
        """None for what is no image. Raises NotRead."""
        layout = self._layout
        host = self._registry()
        text, _ = read_literal(self._repository)
        # `name:tag@sha256`, with the digits in the tag's place, renders to a whole reference.
        digits_elsewhere = text.endswith("@sha256")
        named = read_image(text.removesuffix("@sha256"))
        if named is None:
            return None
        if text_of(layout.rival):
            raise NotRead(layout.repository, "another value beside it may name the image as well")
        if digits_elsewhere:
            self._split(named)
            return self._finish(named.name, named.tag, self._hex(layout.tag), host)
        if named.tag is not None or named.digest is not None:
            if host:
                self._split(named)
            else:
                self._take(Role.REFERENCE, self._repository)
            return self._finish(named.name, named.tag, named.digest, host)
        role = Role.REFERENCE if layout.whole and layout.alone else Role.REPOSITORY
        self._take(role, self._repository)
        tag, digest = read_tag(layout.tag, self._pieces)
        digest = self._digest() or self._hex(layout.hex) or digest
        return self._finish(named.name, tag, digest, host)

    def _finish(
        self, name: str, tag: str | None, digest: Digest | None, host: str
    ) -> tuple[ImageReference, list[Piece]]:
        image = read_image(str(ImageReference(f"{host}/{name}" if host else name, tag, digest)))
        if image is None:
            raise NotRead(self._repository, f"behind the registry {host!r} it is no image name")
        return image, self._pieces

    def _registry(self) -> str:
        written, node = read_literal(self._layout.registry)
        if self._overriding and self._layout.registry is not None:
            if why_untouched(self._overriding) is not None:
                raise NotRead(self._repository, f"{self._overriding!r} is put before it")
            return self._overriding.strip("/")
        if not written:
            written, node = read_literal(self._layout.prefix)
        if node is None or not written:
            return ""
        self._take(Role.REGISTRY, node)
        return written.rstrip("/")

    def _digest(self) -> Digest | None:
        """An empty one in quotes is a place for a digest."""
        text, node = read_literal(self._layout.digest)
        if node is None or (not text and node.style not in _QUOTES):
            return None
        self._take(Role.DIGEST, node)
        return read_digest(node, text) if text else None

    def _hex(self, node: yaml.Node | None) -> Digest | None:
        text, scalar = read_literal(node)
        if scalar is None or not text:
            return None
        self._take(Role.DIGEST, scalar)
        return read_digest(scalar, f"sha256:{text}")

    def _split(self, image: ImageReference) -> None:
        """A scalar that holds name and tag, as pieces of their own."""
        node = self._repository
        start: int = node.value.index(image.name)
        end = start + len(image.name)
        self._pieces.append(Piece(Role.REPOSITORY, node, Span(start, end)))
        if image.tag is not None:
            rest = len(image.tag) + (len(image.digest) + 1 if image.digest else 0)
            self._pieces.append(Piece(Role.TAG, node, Span(end + 1, end + 1 + rest)))

    def _take(self, role: Role, node: yaml.ScalarNode) -> None:
        self._pieces.append(whole_piece(role, node))


def read_tag(node: yaml.Node | None, pieces: list[Piece]) -> tuple[str | None, Digest | None]:
    """A tag, or `tag@digest` in one scalar. Raises NotRead."""
    text, scalar = read_literal(node)
    if scalar is None or not text:
        return None, None
    tag, at, digest = text.partition("@")
    if not is_tag(tag):
        raise NotRead(scalar, "it is no tag")
    pieces.append(whole_piece(Role.TAG, scalar))
    return tag, read_digest(scalar, digest) if at else None


def whole_piece(role: Role, node: yaml.ScalarNode) -> Piece:
    """All of a scalar's value but the white space around it, which a block scalar's final newline is."""
    value: str = node.value
    text = value.strip()
    start = value.index(text)
    return Piece(role, node, None if text == value else Span(start, start + len(text)))


def read_literal(node: yaml.Node | None) -> tuple[str, yaml.ScalarNode | None]:
    """Raises NotRead for a value that is not written literally."""
    if node is None:
        return "", None
    if not isinstance(node, yaml.ScalarNode):
        raise NotRead(node, "")
    text = text_of(node).strip()
    if text:
        reason = why_untouched(text)
        if reason is not None:
            raise NotRead(node, reason)
    return text, node


def read_digest(node: yaml.ScalarNode, text: str) -> Digest:
    """Raises NotRead."""
    try:
        return parse_digest(text)
    except InvalidReference as error:
        raise NotRead(node, error.message) from error


def report_untouched(scan: DocumentScan, node: yaml.Node, reason: str) -> None:
    """A note, if there is something to tell. Without quotes, `{{ .Values.image }}` is a map in a map to YAML."""
    text = node.value if isinstance(node, yaml.ScalarNode) else scan.written(node)
    if not isinstance(node, yaml.ScalarNode) and text.startswith("{{"):
        reason = NOT_LITERAL
    if reason:
        scan.report(node, f"{text[:100]!r} is left alone: {reason}", note=True)


def _warn_of_numbers(scan: DocumentScan, pieces: list[Piece]) -> None:
    """`tag: 1.10` is 1.1 to a template."""
    for piece in pieces:
        if (
            piece.role is Role.TAG
            and piece.node.tag == _FLOAT
            and piece.node.value != _printed(piece.value)
        ):
            scan.report(
                piece.node,
                f"{piece.node.value} is a number: a chart reads it as {_printed(piece.value)}",
                "quote it",
            )


def _printed(value: str) -> str:
    """As Go's templates print a float."""
    try:
        return f"{float(value):g}"
    except ValueError:
        return value
