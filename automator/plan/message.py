"""The update commit's message: written for people here, its trailers read back here.

Update weaveworksdemos/carts to 0.4.9 (sock-shop:deployment/carts)

Image-Update: sock-shop:deployment/carts carts weaveworksdemos/carts:0.4.8 -> weaveworksdemos/carts:0.4.9
Image-Digest: weaveworksdemos/carts:0.4.9 sha256:...
Policy: sock-shop semver:^0.4

Several changes have a list between subject and trailers. Each `Policy` stands after the updates that it rules, so
that every update has its policy. What a trailer's grammar would misread (a space in a name, a line end, any
character that does not print, `%` itself) is written as in URLs: `%0A`. Knows nothing of Git but its trailers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import unquote_to_bytes

from automator.errors import InvalidReference
from automator.model.image import Digest, ImageReference, parse_digest
from automator.model.plan import Change
from automator.model.workload import WorkloadId

_SUBJECT_WIDTH = 72
_UPDATE, _DIGEST, _POLICY = "Image-Update", "Image-Digest", "Policy"
_TRAILER = re.compile(r"([A-Za-z0-9-]+)[ \t]*:[ \t]*(.*)")
_CHERRY_PICKED = "(cherry picked from commit "
"""The one line of git's own in a block of trailers that is no trailer (git-interpret-trailers(1))."""


@dataclass(frozen=True, slots=True, order=True)
class RecordedUpdate:
    """An `Image-Update` trailer; `policy` is empty where the message does not tell which one ruled it."""

    workload: str
    container: str
    from_image: str
    to_image: str
    policy: str = ""


@dataclass(frozen=True, slots=True)
class RecordedAction:
    """What a person did to a workload (`lock`), by the trailers of an action's commit. `reason` may be empty."""

    verb: str
    workload: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Move:
    """A change as a message tells it: the same container in two overlays is told once."""

    policy: str
    workload: str
    container: str
    before: ImageReference
    after: ImageReference

    @property
    def place(self) -> tuple[str, ...]:
        """Sorts moves; those of one policy stand together."""
        return self.policy, self.workload, self.container, str(self.before), str(self.after)


def format_message(changes: Sequence[Change], digests: Mapping[str, Digest]) -> str:
    """`digests` are those known of the new images, by `name:tag`. The order of the changes does not matter."""
    assert changes, "an update commit carries out at least one change"
    moves = sorted(set(map(_move, changes)), key=lambda move: move.place)
    paragraphs = [_subject(moves, sorted({change.field.workload for change in changes}))]
    if len(moves) > 1:
        paragraphs.append("\n".join(map(_item, moves)))
    paragraphs.append("\n".join(_trailers(moves, digests)))
    return "\n\n".join(paragraphs) + "\n"


def parse_message(text: str) -> tuple[list[RecordedUpdate], dict[str, Digest], list[str]]:
    """The updates, the digests of the new images, the policies. A message that is not ours has none of them."""
    updates: list[RecordedUpdate] = []
    unruled: list[RecordedUpdate] = []
    digests: dict[str, Digest] = {}
    policies: list[str] = []
    for key, value in _read_trailers(text):
        parts = value.split(" ")
        if key == _UPDATE.lower() and len(parts) == 5 and parts[3] == "->":
            unruled.append(RecordedUpdate(*map(_unescape, (*parts[:3], parts[4]))))
        elif key == _DIGEST.lower() and len(parts) == 2 and _is_digest(parts[1]):
            digests[_unescape(parts[0])] = Digest(parts[1])
        elif key == _POLICY.lower():
            policies.append(_unescape(value))
            updates += [replace(update, policy=policies[-1]) for update in unruled]
            unruled = []
    return updates + unruled, digests, policies


def parse_action(text: str) -> RecordedAction | None:
    """None for a message that is no action's."""
    said = {key: _unescape(value) for key, value in _read_trailers(text)}
    if not {"action", "workload", "acted-by"} <= said.keys():
        return None
    return RecordedAction(
        verb=said["action"],
        workload=said["workload"],
        by=said["acted-by"],
        reason=said.get("reason", ""),
    )


def _move(change: Change) -> _Move:
    workload, container = str(change.field.workload), change.field.container
    return _Move(str(change.policy), workload, container, change.field.image, change.to)


def _subject(moves: Sequence[_Move], workloads: Sequence[WorkloadId]) -> str:
    """At most 72 characters where names can be left out; one change is always told whole."""
    targets = {str(move.after) for move in moves}
    if len(targets) == 1:
        what = f"Update {_target(moves[0])}"
        if len(workloads) == 1:
            return f"{what} ({printable(str(workloads[0]))})"
        return _with_names(f"{what} in {len(workloads)} workloads", workloads)
    what = f"Update {len(targets)} images"
    namespaces = {workload.namespace for workload in workloads}
    if len(workloads) == 1:
        return f"{what} in {printable(str(workloads[0]))}"
    if len(namespaces) == 1:
        return _with_names(f"{what} in {printable(namespaces.pop())}", workloads)
    return _with_names(f"{what} in {len(namespaces)} namespaces", workloads)


def _with_names(subject: str, workloads: Sequence[WorkloadId]) -> str:
    """As many workloads' names as there is room for."""
    names = list(dict.fromkeys(printable(workload.name) for workload in workloads))
    for count in range(len(names), 0, -1):
        shown = [*names[:count], *(["..."] if count < len(names) else [])]
        longer = f"{subject} ({', '.join(shown)})"
        if len(longer) <= _SUBJECT_WIDTH:
            return longer
    return subject


def _target(move: _Move) -> str:
    before, after = move.before, move.after
    if after.tag is not None and after.tag != before.tag:
        return printable(f"{after.name} to {after.tag}")
    return printable(f"{replace(after, digest=None)} to {_version(after, before)}")


def _item(move: _Move) -> str:
    versions = f"{_version(move.before, move.after)} -> {_version(move.after, move.before)}"
    container = f"{move.workload} {move.container}"
    return printable(f"- {container}: {move.after.name} {versions}")


def _version(image: ImageReference, other: ImageReference) -> str:
    """What tells the two apart: the tag, or under the same tag the digest, cut as people know it."""
    if image.tag != other.tag:
        return image.tag or "no tag"
    return "no digest" if image.digest is None else image.digest[: len("sha256:") + 12]


def _trailers(moves: Sequence[_Move], digests: Mapping[str, Digest]) -> Iterator[str]:
    told: set[str] = set()
    for policy, ruled in groupby(moves, key=lambda move: move.policy):
        group = list(ruled)
        for move in group:
            images = f"{trailer_word(str(move.before))} -> {trailer_word(str(move.after))}"
            yield f"{_UPDATE}: {trailer_word(move.workload)} {trailer_word(move.container)} {images}"
        for move in group:
            image = str(replace(move.after, digest=None))
            digest = move.after.digest or digests.get(image)
            if digest is not None and image not in told:
                told.add(image)
                yield f"{_DIGEST}: {trailer_word(image)} {trailer_word(digest)}"
        yield f"{_POLICY}: {printable(policy)}"


def _read_trailers(text: str) -> list[tuple[str, str]]:
    """The last paragraph if all of it is trailers, as git reads them; never the subject's. Keys in lower case."""
    lines = text.replace("\r\n", "\n").rstrip().split("\n")
    blank = [index for index, line in enumerate(lines) if not line.strip()]
    if not blank:
        return []
    trailers: list[tuple[str, str]] = []
    for line in lines[blank[-1] + 1 :]:
        found = _TRAILER.fullmatch(line.rstrip())
        if found is not None:
            trailers.append((found[1].lower(), found[2]))
        elif line[0] in " \t" and trailers:
            key, value = trailers[-1]
            trailers[-1] = (key, f"{value} {line.strip()}")
        elif not line.startswith(_CHERRY_PICKED):
            return []
    return trailers


def _is_digest(text: str) -> bool:
    try:
        parse_digest(text)
    except InvalidReference:
        return False
    return True


def trailer_word(text: str) -> str:
    """One word of a trailer."""
    return printable(text).replace(" ", "%20")


def printable(text: str) -> str:
    """One line, nothing that a terminal would obey or hide, and the spaces at its ends kept."""
    rest = text.lstrip(" ")
    inner = rest.rstrip(" ")
    shown = "".join(c if c.isprintable() and c != "%" else _escaped(c) for c in inner)
    return "%20" * (len(text) - len(rest)) + shown + "%20" * (len(rest) - len(inner))


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _unescape(text: str) -> str:
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogatepass")).decode(
            "utf-8", "surrogatepass"
        )
    except UnicodeDecodeError:
        return text  # a person's text, not ours
