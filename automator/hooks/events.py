"""The body of a hook to push events, by the kind of its sender; and the two forms that no single product owns."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from urllib.parse import unquote_plus

from automator.errors import ProtocolViolation
from automator.hooks import hosted, products
from automator.hooks.document import Told, as_push_event, at, read_json, text, told_by
from automator.hooks.request import MOST_EVENTS, HookRequest
from automator.model.registry import HookKind, PushEvent

Parser = Callable[[object], Iterator[Told]]


def read_events(
    kind: HookKind, request: HookRequest, *, registry: str | None
) -> tuple[PushEvent, ...]:
    """Each once, in their order; what names no image repository is left out. Raises ProtocolViolation."""
    document = _read_body(request)
    if kind in _AS_CLOUDEVENTS:
        document = _unbind(request, document)
    told = list(islice(_each(document, _PARSERS[kind]), MOST_EVENTS + 1))
    if len(told) > MOST_EVENTS:
        raise ProtocolViolation(f"there are more than {MOST_EVENTS} events in it")
    events = (as_push_event(one, registry) for one in told)
    return tuple(dict.fromkeys(event for event in events if event is not None))


def _read_body(request: HookRequest) -> object:
    """GitHub and Gitea wrap the JSON in a form, unless the webhook is set to `application/json`."""
    if not request.header("content-type").startswith("application/x-www-form-urlencoded"):
        return read_json(request.body)
    form = request.body.decode("utf-8", "replace")
    return read_json(unquote_plus(form.removeprefix("payload=")))


def _each(document: object, parse: Parser) -> Iterator[Told]:
    for one in document if isinstance(document, list) else [document]:
        yield from parse(one)


def _unbind(request: HookRequest, document: object) -> object:
    """CloudEvents' binary mode has the attributes in headers, and the data alone in the body.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
    """
    if not request.header("ce-type"):
        return document
    return {
        "type": request.header("ce-type"),
        "subject": request.header("ce-subject"),
        "data": document,
    }


def generic(document: object) -> Iterator[Told]:
    """`{"image": "registry/name:tag"}`, or `{"repository": "registry/name", "tag": "1.2"}`."""
    name = text(document, "image") or text(document, "repository")
    yield from told_by(name, tag=text(document, "tag"))


_PUSHED = ("image.updated", "image.pushed", "artifact.pushed", "imagepushed")


def cloudevents(event: object) -> Iterator[Told]:
    """By the end of the type, as each sender has its own domain before it.

    The data is zot's, Azure Event Grid's or the generic form; without one of these the subject is read as an image
    reference.
    """
    if not text(event, "type").lower().endswith(_PUSHED):
        return
    data = at(event, "data")
    if text(data, "target", "repository"):
        yield hosted.acr_target(data)
    elif text(data, "image") or text(data, "repository"):
        yield from generic(data)
    elif text(data, "name"):
        yield Told(path=text(data, "name"), tag=text(data, "reference"))
    elif at(data, "resources") is not None:
        yield from products.harbor(event)
    else:
        yield from told_by(text(event, "subject"))


_PARSERS: Mapping[HookKind, Parser] = {
    HookKind.ACR: hosted.acr,
    HookKind.ARTIFACTORY: products.artifactory,
    HookKind.CLOUDEVENTS: cloudevents,
    HookKind.DISTRIBUTION: products.distribution,
    HookKind.DOCKER_HUB: hosted.docker_hub,
    HookKind.ECR: hosted.ecr,
    HookKind.GAR: hosted.artifact_registry,
    HookKind.GENERIC: generic,
    HookKind.GITEA: products.gitea,
    HookKind.GITHUB: hosted.github,
    # GitLab has no event for an image: a pipeline or a custom webhook template writes the generic form.
    HookKind.GITLAB: generic,
    HookKind.HARBOR: products.harbor,
    HookKind.NEXUS: products.nexus,
    HookKind.QUAY: products.quay,
    HookKind.ZOT: products.zot,
}

_AS_CLOUDEVENTS = frozenset({HookKind.CLOUDEVENTS, HookKind.HARBOR, HookKind.ZOT})
