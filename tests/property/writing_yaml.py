"""YAML written in all the ways that people write it, by a writer that knows where each value is."""

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st

from tests.property.making_yaml import (
    DECOYS,
    Alias,
    Anchored,
    Before,
    Commented,
    Nested,
    Scene,
    Slot,
    words,
)


def dump(scene: Scene, tree: object) -> list:
    """The document's pieces, in a layout that is drawn."""
    return _Writer(scene).document(tree)


class _Writer:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._anchors = 0

    def document(self, tree) -> list:
        if isinstance(tree, dict) and self._scene.chance(12) and _flows(tree):
            return [*self._flow(tree), "\n"]
        return self._block(tree, "")

    def _block(self, tree, pad: str) -> list:
        pieces: list = []
        entries = tree.items() if isinstance(tree, dict) else ((None, item) for item in tree)
        for key, value in entries:
            pieces += self._between(pad) if pieces else []
            if key is None:
                pieces += [pad, "-", *self._item(value, pad)]
            else:
                pieces += [pad, self._key(key), ":", *self._value(value, pad)]
        return pieces

    def _key(self, key: str) -> str:
        return self._scene.pick(key, key, key, f'"{key}"', f"'{key}'") if key != "<<" else key

    def _between(self, pad: str) -> list:
        scene = self._scene
        if not scene.chance(6):
            return []
        return [
            scene.pick("\n", "   \n", f"{pad}# {scene.pick(*DECOYS)}\n", f"# {scene.draw(words)}\n")
        ]

    def _end(self) -> str:
        scene = self._scene
        if not scene.chance(4):
            return "\n"
        return (
            scene.pick(" ", "\t", "    ")
            + scene.pick("", f"# {scene.pick(*DECOYS)}", f"#\t{scene.draw(words)}\t.")
            + "\n"
        )

    def _value(self, value, pad: str) -> list:
        scene = self._scene
        deeper = pad + " " * scene.draw(st.integers(1, 4))
        match value:
            case Anchored():
                return [f" &{value.name}", *self._value(value.tree, pad)]
            case Commented():
                return [" ", *self._scalar(value.slot), f"  # {value.comment}\n"]
            case Nested():
                inner = dump(scene, value.tree)
                return [f" |{scene.pick('', '-', '+')}\n", *_indent(inner, deeper)]
            case dict() | list():
                return self._collection(value, pad)
            case str():
                return [" ", *self._word(value, deeper, len(deeper) - len(pad))]
            case _:
                return self._slot(value, deeper)

    def _collection(self, value, pad: str) -> list:
        scene = self._scene
        if _flows(value) and (not value or scene.chance(6)):
            return [" ", *self._flow(value), self._end()]
        least = 0 if isinstance(value, list) else 1
        deeper = pad + " " * scene.draw(st.integers(least, 4))
        return [self._end(), *self._block(value, deeper)]

    def _slot(self, value, deeper: str) -> list:
        scene = self._scene
        if isinstance(value, Slot) and not value.quote and scene.chance(6):
            head = scene.pick("|", "|-", ">", ">-", "|+", ">+")
            return [f" {head}\n", deeper, replace(value, raw=True), "\n"]
        if (
            isinstance(value, Slot)
            and value.quote == '"'
            and len(value.value) > 8
            and scene.chance(4)
        ):
            value = replace(value, joint=f"\\\n{deeper}")
        lead = scene.pick(" ", " ", "  ", f"\n{deeper}")
        if isinstance(value, Slot) and scene.chance(6):
            lead += scene.pick("!!str ", f"&{self._anchor()} ")
        return [lead, *self._scalar(value), self._end()]

    def _word(self, value: str, deeper: str, width: int) -> list:
        scene = self._scene
        if value[0] in "|>":
            head = value.replace("n", str(width))
            lines = [scene.pick(*DECOYS) for _ in range(scene.draw(st.integers(1, 3)))]
            return [f"{head}\n", *[f"{deeper}{line}\n" for line in lines]]
        if value.endswith("\n"):
            quote = value[0] if value[0] in {"'", '"'} else ""
            return [f"{value}{deeper}goes on\n\n{deeper}and on{quote}", self._end()]
        return [value.replace("{}", self._anchor()) if "&" in value else value, self._end()]

    def _anchor(self) -> str:
        self._anchors += 1
        return f"n{self._scene.next_slot}-{self._anchors}"

    def _item(self, item, pad: str) -> list:
        scene = self._scene
        gap = " " * scene.draw(st.integers(1, 3))
        if isinstance(item, dict) and item and not (_flows(item) and scene.chance(5)):
            return [gap, *self._block(item, f"{pad} {gap}")[1:]]
        if isinstance(item, dict):
            return [" ", *self._flow(item), self._end()]
        return self._value(item, pad)

    def _scalar(self, value) -> list:
        if isinstance(value, Alias):
            return [f"*{value.name}"]
        if isinstance(value, Before):
            return [
                value.slot.quote,
                value.text,
                replace(value.slot, quote="", raw=True),
                value.slot.quote,
            ]
        return [value]

    def _flow(self, tree) -> list:
        scene = self._scene
        if not isinstance(tree, dict | list):
            if isinstance(tree, Anchored):
                return [f"&{tree.name} ", *self._flow(tree.tree)]
            return [tree] if isinstance(tree, str) else self._scalar(tree)
        comma = scene.pick(", ", ",", " , ", ",\n          ")
        start, end = ("{", "}") if isinstance(tree, dict) else ("[", "]")
        pieces: list = []
        for key, value in (
            tree.items() if isinstance(tree, dict) else ((None, item) for item in tree)
        ):
            pieces += [comma] if pieces else []
            pieces += [*([] if key is None else [f"{key}: "]), *self._flow(value)]
        if pieces and scene.chance(3):
            pieces = [" ", *pieces, scene.pick(" ", ", ")]
        return [start, *pieces, end]


def _flows(tree) -> bool:
    """Whether it can stand in braces: no block scalar, no line broken."""
    if isinstance(tree, dict):
        return all(map(_flows, tree.values()))
    if isinstance(tree, list):
        return all(map(_flows, tree))
    if isinstance(tree, Anchored):
        return _flows(tree.tree)
    if isinstance(tree, str):
        return (
            tree[0] not in "|>" and not tree.endswith("\n") and "{}" not in tree and "#" not in tree
        )
    return not isinstance(tree, Nested | Commented)


def _indent(pieces: list, pad: str) -> Iterator:
    """The pieces as the lines of a block scalar."""
    at_start = True
    for piece in pieces:
        if isinstance(piece, Slot):
            yield from [pad] if at_start else []
            at_start = False
            yield replace(piece, joint=piece.joint.replace("\n", f"\n{pad}"))
            continue
        for line in piece.splitlines(keepends=True):
            yield from [pad] if at_start and line != "\n" else []
            yield line
            at_start = line.endswith("\n")
