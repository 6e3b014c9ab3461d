"""Trees of which YAML is written, with slots where the images are, and what a scan must find in them.

A document is a tree (dicts, lists, words) whose images stand in slots. The writer makes pieces of text and slots of
it: put together with other values in the slots they are the text that an edit must give.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from automator.model.field import Form, Role
from automator.model.image import ImageReference

TAGS = ("1.2.3", "v1.2.3", "main-8f3a1c-1700000000", "4.0.1-alpine", "latest", "v2", "1.27.0_rc.1")
NUMBERS = ("16", "3.5", "2004")
"""Tags that a person may leave without quotes, and that YAML reads as no text."""
MISREAD = ("1.10", "1e3", "0123", "true", "2024-01-01", "0x1F", "1_000", "null", "20240131")
"""New tags that have to be quoted."""
NAMES = (
    "redis",
    "library/redis",
    "ghcr.io/o/app",
    "quay.io:5000/a/b_c/d-e",
    "localhost/x",
    "127.0.0.1:5000/y",
)
DIGESTS = tuple("sha256:" + letter * 64 for letter in "abc")
NEW_DIGEST = "sha256:" + "d" * 64
DECOYS = (
    "image: nginx:9.9",
    "- image: nginx:9.9",
    "tag: 9.9",
    "été ☂ 名前",
    "😀",
    "see\thttps://x.io/a:1#b",
    'it\'s "so"',
    "# #",
    "{{ x }}",
)

words = st.text(
    st.characters(
        codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="\u2028\u2029\x85\ufeff"
    ),
    min_size=1,
    max_size=8,
)


@dataclass(frozen=True)
class Slot:
    """A place for a part of an image. `joint` breaks its old value in two, in double quotes; `raw` is never quoted."""

    number: int
    value: str
    quote: str = ""
    joint: str = ""
    raw: bool = False

    def write(self, value: str) -> str:
        if value != self.value:
            quote = (
                '"'
                if not self.quote and not self.raw and value in {*MISREAD, *NUMBERS}
                else self.quote
            )
            return f"{quote}{value}{quote}"
        middle = len(value) // 2
        return f"{self.quote}{value[:middle]}{self.joint}{value[middle:]}{self.quote}"

    def settled(self) -> "Slot":
        number = not self.quote and not self.raw and self.value in NUMBERS
        return replace(self, joint="", quote='"' if number else self.quote)


@dataclass(frozen=True)
class Anchored:
    name: str
    tree: object


@dataclass(frozen=True)
class Alias:
    name: str


@dataclass(frozen=True)
class Nested:
    """YAML text in a block scalar."""

    tree: object


@dataclass(frozen=True)
class Before:
    """Text before a slot in one scalar: `name=` of `name=repository:tag`."""

    text: str
    slot: Slot


@dataclass(frozen=True)
class Commented:
    slot: object
    comment: str


@dataclass(frozen=True)
class Expected:
    """What a scan must find. `slots` are the numbers of the slots by role."""

    form: Form
    container: str
    image: ImageReference
    slots: Mapping[Role, int]
    comment: str | None = None


@dataclass
class Made:
    """Documents as written: pieces of text, and slots."""

    pieces: list = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    markers: int = 0

    def text(self, values: Mapping[int, str] | None = None) -> str:
        return "".join(
            piece
            if isinstance(piece, str)
            else piece.write((values or {}).get(piece.number, piece.value))
            for piece in self.pieces
        )

    def settled(self) -> "Made":
        """As it is after an edit and another one back: a number is quoted, a value broken in two is whole."""
        written = {
            number
            for one in self.expected
            for role, number in one.slots.items()
            if role in {Role.REFERENCE, Role.TAG, Role.DIGEST}
        }
        return replace(
            self,
            pieces=[
                piece.settled() if isinstance(piece, Slot) and piece.number in written else piece
                for piece in self.pieces
            ],
        )

    def places(self) -> dict[int, tuple[int, int]]:
        """Line and column of each slot."""
        found, line, column = {}, 1, 1
        for piece in self.pieces:
            text = piece if isinstance(piece, str) else piece.write(piece.value)
            if isinstance(piece, Slot):
                found[piece.number] = (line, column)
            breaks = text.count("\n")
            line += breaks
            column = len(text) - text.rfind("\n") if breaks else column + len(text)
        return found

    def in_order(self) -> list[Expected]:
        """Of the text."""
        where = self.places()
        return sorted(self.expected, key=lambda one: min(where[n] for n in one.slots.values()))

    @property
    def slots(self) -> dict[int, Slot]:
        return {piece.number: piece for piece in self.pieces if isinstance(piece, Slot)}


class Scene:
    """One document while it is made: draws, counts slots, and remembers what is to be found."""

    def __init__(self, draw, first_slot: int = 0) -> None:
        self.draw = draw
        self.expected: list[Expected] = []
        self.markers = 0
        self.next_slot = first_slot
        self._names = 0

    def pick(self, *choices):
        return self.draw(st.sampled_from(choices))

    def chance(self, times: int) -> bool:
        """True once in so many times; rarely is the simple case."""
        return self.draw(st.integers(0, times - 1)) == times - 1

    def name(self) -> str:
        self._names += 1
        return f"{self.pick('web', 'db', 'side-car', 'x')}{self._names}"

    def slot(self, value: str, *, quote: str | None = None, raw: bool = False) -> Slot:
        self.next_slot += 1
        if quote is None:
            quote = self.pick("", "", "'", '"')
        return Slot(self.next_slot, value, quote=quote, raw=raw)

    def reference(self) -> tuple[ImageReference, Slot]:
        """A whole reference in one scalar, with a tag or a digest."""
        image = self.image()
        return image, self.slot(str(image))

    def image(self) -> ImageReference:
        digest = self.pick(None, None, *DIGESTS)
        tag = self.pick(*TAGS) if digest is None or self.chance(2) else None
        return ImageReference(self.pick(*NAMES), tag, digest)

    def tag(self) -> tuple[str, Slot]:
        """A tag alone: without quotes also one that is a number to YAML."""
        value = self.pick(*TAGS, *NUMBERS)
        return value, self.slot(value)

    def expect(self, form: Form, container: str, image: ImageReference, **slots: Slot) -> None:
        numbers = {Role[role.upper()]: slot.number for role, slot in slots.items()}
        self.expected.append(Expected(form, container, image, numbers))

    def comment(self, text: str) -> None:
        """The image expected last has it."""
        self.expected[-1] = replace(self.expected[-1], comment=text)

    def found_as(self, form: Form, container: str) -> Slot:
        """A whole reference that is one image field."""
        image, slot = self.reference()
        self.expect(form, container, image, reference=slot)
        return slot

    def noise(self) -> dict:
        """Keys that hold no image."""
        tree = {}
        for _ in range(self.draw(st.integers(0, 2))):
            key = self.pick("replicas", "note", "env", "text", "lines", "ключ", "empty")
            tree[key] = self.pick(
                "3", "''", "null", "[]", "{}", "'it''s: # no comment'", '"\\u00e9\\n\\x41 #"',
                "[a, 'b: c', {d: e}]", "&n{} word", "!!str 12", "plain # words", "a:b", "2024-01-01", "😀 ☂",
                "|", "|-", "|+", ">", ">-", ">n", "|n+", "plain\n", "'single\n", '"double\n',
            )  # fmt: skip
        return tree


def write_image(to: ImageReference, role: Role, old: str) -> str:
    """What a slot is to hold for a new image."""
    match role:
        case Role.REFERENCE:
            return str(to)
        case Role.TAG:
            return f"{to.tag}@{to.digest}" if "@" in old else f"{to.tag}"
        case Role.DIGEST:
            return f"{to.digest}"
        case _:
            return old
