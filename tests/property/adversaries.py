"""Families of files that nobody writes, grown to any size, that would make a careless scan slow or large."""

from collections.abc import Callable
from functools import reduce

_APPLICATION = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
_KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
_VALUES = f"{_APPLICATION} source:\n  helm:\n    values: |\n"
_PARAMETERS = f"{_APPLICATION} source:\n  helm:\n   parameters:\n"
_PATCH = f"{_KUSTOMIZATION}patches:\n- patch: |\n"
_FLUX1 = "apiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\nmetadata:\n  name: a\n  annotations:\n"
_TAG = "spec: {values: {image: {repository: a/b, tag: '1'}}}\n"


def _lines(line: str, n: int, before: str = "", after: str = "") -> str:
    """`{}` in the line is its number."""
    return before + "".join(line.replace("{}", str(number)) for number in range(n)) + after


def _items(item: str, n: int) -> str:
    return ", ".join(item.replace("{}", str(number)) for number in range(n))


def _indent(text: str, pad: str) -> str:
    return "".join(pad + line for line in text.splitlines(keepends=True))


def _bomb(leaf: str, n: int) -> str:
    """Each list has the one before it eight times: eight to the power of levels, in so many lines."""
    levels = [f"a0: &a0 [{_items(leaf, 8)}]\n"]
    levels += [f"a{i}: &a{i} [{_items(f'*a{i - 1}', 8)}]\n" for i in range(1, n // 20)]
    return "".join(levels)


def _texts_in_text(n: int) -> str:
    def wrap(text: str, _: int) -> str:
        return _VALUES + _indent(text, "     ")

    return reduce(wrap, range(int(n**0.5)), "image: r.io/a:1\n")


Family = Callable[[int], str]

FAMILIES: dict[str, Family] = {
    "flow lists in lists": lambda n: f"image: {'[' * n}{']' * n}\n",
    "flow maps in maps": lambda n: "{image: r.io/a:1, a: " * min(4 * n, 900) + "1" + "}" * min(4 * n, 900),
    "long keys in maps": lambda n: f"{{image: r.io/a:1, {'k' * (n // 3)}: " * 100 + "1" + "}" * 100,
    "indented maps": lambda n: "".join(f"{' ' * i}image:\n" for i in range(int((2 * n) ** 0.5))),
    "Lists in Lists": lambda n: "{kind: List, image: a, items: [" * min(n // 2, 490) + "]}" * min(n // 2, 490),
    "a long name over many images": lambda n: f"v:\n- name: {'n' * 10 * n}\n  s: {{{_items('a{}: {image: r.io/a:1}', n // 2)}}}\n",
    "alias bomb, values": lambda n: _bomb('{image: "r.io/a:1"}', n),
    "alias bomb, pods": lambda n: f"{_POD} x:\n{_indent(_bomb('{containers: [{name: a, image: x}]}', n), '  ')}",
    "alias bomb, kustomize": lambda n: f"{_bomb('{name: a, newTag: b}', n)}{_KUSTOMIZATION}images: *a{n // 20 - 1}\n",
    "alias bomb in text": lambda n: _VALUES + _indent(_bomb('{image: "r.io/a:1"}', n), "     "),
    "many aliases of a large map": lambda n: f"a: &a {{{_items('k{}: {image: r.io/a:1}', n // 2)}}}\nb: [{_items('*a', n)}]\n",
    "many aliases of an entry": lambda n: f"{_KUSTOMIZATION}x: &a {{name: a, newTag: b}}\nimages: [{_items('*a', n)}]\n",
    "many aliases of a source": lambda n: f'{_APPLICATION} s: &s {{helm: {{values: "image: r.io/a:1"}}}}\n sources: [{_items("*s", n)}]\n',
    "many aliases of a long scalar": lambda n: f"{_POD} x: &x {'a' * 10 * n}!\n containers: [{_items('{image: *x}', n)}]\n",
    "many aliases of an image": lambda n: f"{_POD} x: &x r.io/{'a' * 200}:1\n containers: [{_items('{image: *x}', n)}]\n",
    "many aliases of a tag": lambda n: f"t: &t {'1' * 10 * n}\n" + _lines("k{}: {repository: a/b, tag: *t}\n", n),
    "merge keys in a chain": lambda n: _lines("b{}: &b{} {<<: *a, k{}: 1}\n", n, "a: &a {image: r.io/a:1}\n"),
    "merge keys of merge keys": lambda n: "a0: &a0 {image: r.io/a:1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}, k: 1}}\n" for i in range(1, n)),
    "many maps merge a wide one": lambda n: _lines("c{}: {<<: *a}\n", n, f"a: &a {{{_items('k{}Image: r.io/a:1', 180)}}}\n"),
    "one map merges many": lambda n: _lines("a{}: &a{} {k{}: 1, image: r.io/a:1}\n", n) + f"b: {{<<: [{_items('*a{}', n)}]}}\n",
    "texts in Argo sources": lambda n: _lines(" - helm:\n    values: |\n     image: r.io/a:1\n", n, f"{_APPLICATION} sources:\n"),
    "many images in a text": lambda n: _lines("     a{}: {image: r.io/a:1}\n", n, _VALUES),
    "many images in a quoted text": lambda n: _lines("a{}: {image: r.io/a:1}\\n", n, f'{_APPLICATION} source:\n  helm:\n    values: "', '"\n'),
    "many comments in a text": lambda n: _lines("     a{}: r.io/a:1 # automator: latest\n", n, _VALUES),
    "text in text in text": _texts_in_text,
    "a list of images": lambda n: f"images: [{_items('r.io/a:1', n)}]\n",
    "a list of maps": lambda n: f"x: [{_items('{image: r.io/a:1}', n)}]\n",
    "comments behind words": lambda n: _lines("k{}: v # automator: latest\n", n),
    "comments behind images": lambda n: _lines("k{}: r.io/a:1 # automator: latest\n", n),
    "comments alone": lambda n: _lines("# automator: latest\n", n, "image: a\n"),
    "comments on one line": lambda n: f"image: r.io/a:1 {'# automator: latest ' * n}\n",
    "comments in one map": lambda n: _lines("a{}: 1, # automator: latest\n", n, "x: {image: r.io/a:1,\n", "}\n"),
    "comments in a list": lambda n: _lines("a, # automator: latest\n", n, "image: [\n", "]\n"),
    "carriage returns": lambda n: _lines("k{}: r.io/a:1 # automator: latest\r", n),
    "markers": lambda n: _lines('k{}: v # {"$imagepolicy": "a:b:tag"}\n', n),
    "bad markers": lambda n: _lines('k{}: v # {"$imagepolicy": 1}\n', n),
    "halves of markers": lambda n: f"image: r.io/a:1\n{'# { ' * n}\n# $imagepolicy\n",
    "braces of a marker": lambda n: f"image: r.io/a:1\n#{' {' * n} $imagepolicy\n",
    "hashes": lambda n: f"image: r.io/a:1 # automator: latest\n{'#' * 10 * n}\n{'# ' * 5 * n}\n#{' ' * 5 * n}\n",
    "Renovate's comments": lambda n: _lines("# renovate: x\nk{}: {image: r.io/a:1}\n", n),
    "keys": lambda n: _lines("k{}: 1\n", n, "image: x\n"),
    "keys that say image": lambda n: _lines("k{}Image: r.io/a\nk{}Tag: 1.10\n", n),
    "one key again and again": lambda n: "image: x\n" * n,
    "a very long key": lambda n: f"? {'image' * 3 * n}\n: r.io/a:1\n",
    "one long scalar": lambda n: f"image: {'a' * 20 * n}\n",
    "a long path": lambda n: f"image: {'a-a.' * 4 * n}!\n",
    "many colons": lambda n: f"image: {'a:' * 4 * n}1\n",
    "many dashes": lambda n: f"image: a{'-' * 10 * n}!\n",
    "many escapes": lambda n: f'image: "{chr(92)}x61{(chr(92) + "x61") * 4 * n}"\n',
    "a long literal": lambda n: "image: |\n" + "  aaaa\n" * n,
    "folded images": lambda n: _lines("  - >-\n     a=r.io/b:1\n", n, f"{_APPLICATION} kustomize:\n  images:\n"),
    "strings for Kustomize": lambda n: f"{_APPLICATION} kustomize:\n  images: [{_items('a=r.io/b:1', n)}]\n",
    "documents": lambda n: "---\nimage: r.io/a:1 # automator: latest\n" * n,
    "broken documents": lambda n: "---\nimage: ]\n" * n,
    "unreadable documents": lambda n: "---\nimage: \x07\n" * n,
    "anchors": lambda n: _lines("k{}: {image: &a{}\n\n\n r.io/a:1}\n", n),
    "parameters": lambda n: _lines("   - {name: a{}.image.tag, value: '1'}\n   - {name: a{}.image.repository, value: a/b}\n", n, _PARAMETERS),
    "a parameter with dots": lambda n: f"{_PARAMETERS}   - {{name: '{'a.' * 3 * n}image', value: 'r.io/a:1'}}\n",
    "patches": lambda n: _lines("- patch: |\n   - {op: replace, path: /a/image, value: r.io/a:1}\n", n, f"{_KUSTOMIZATION}patches:\n"),
    "operations": lambda n: _lines("   - {op: replace, path: /containers/{}/image, value: r.io/a:1}\n", n, _PATCH),
    "a long pointer": lambda n: f"{_PATCH}   - {{op: replace, path: {'/a/0' * 3 * n}x, value: r.io/a:1}}\n",
    "services": lambda n: _lines(" s{}: {image: r.io/a:1}\n", n, "services:\n"),
    "a List": lambda n: _lines("- {kind: Pod, apiVersion: v1, metadata: {name: a{}}, containers: [{image: a:1}]}\n", n, "kind: List\nitems:\n"),
    "annotations": lambda n: _lines("  automator.dev/policy.c{}: latest\n", n, "kind: Pod\nmetadata:\n annotations:\n", "containers: [{image: a}]\n"),
    "Flux v1's paths": lambda n: _lines("   repository.fluxcd.io/c{}: image.repository\n", n, _FLUX1, _TAG),
    "a long path of Flux v1's": lambda n: f"{_FLUX1}   repository.fluxcd.io/c: {'a.' * 3 * n}\n{_TAG}",
    "halves of templates": lambda n: f"image: {'{{ ' * n}\n",
    "a long first comment": lambda n: f"#{' this' * 3 * n}\nimage: x\n",
    "a BOM and CRLF": lambda n: _lines("k{}: {image: r.io/a:1}\r\n", n, "\ufeff"),
}  # fmt: skip
