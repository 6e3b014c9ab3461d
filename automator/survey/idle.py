"""What manifests declare and what changes nothing: policies that a nearer word hides, words that no image hears. Pure."""

from collections.abc import Container, Iterable, Iterator, Sequence

from automator.dialects.reading import ObjectKey
from automator.model.field import Declaration, FileScan, Problem
from automator.model.policy import Declared
from automator.plan.match import is_ruled
from automator.scan.annotations import OWN_PREFIX

_LOCKS = frozenset({f"{OWN_PREFIX}locked", "fluxcd.io/locked", "flux.weave.works/locked"})
_FOR_ALL = _LOCKS | {f"{OWN_PREFIX}policy", f"{OWN_PREFIX}automated"}
"""What is said of all images of an object."""


def hidden(
    nearer: Sequence[Declared | None], said: Sequence[Declared | None], by: str = ""
) -> Iterator[Problem]:
    """Each policy that a nearer word takes the place of, once. `by` names the nearer ones, if all are alike."""
    found = {
        word.policy.source: (
            word.policy,
            by or ruling.policy or "an annotation that automates nothing",
        )
        for ruling, word in zip(nearer, said, strict=True)
        if ruling is not None and is_ruled(ruling) and word is not None and word.policy is not None
    }
    for source, (policy, name) in found.items():
        if source is not None:
            message = f"{policy} has no effect: {name} is nearer"
            yield Problem(location=source, message=message, note=True)


def words_without_image(scan: FileScan) -> tuple[Declaration, ...]:
    """What is said of all images of an object that has none in its file."""
    holding = {found.workload for found in scan.fields}
    return tuple(
        word
        for word in scan.declarations
        if word.workload not in holding and word.key in _FOR_ALL and _means_it(word)
    )


def tell_idle(words: Iterable[Declaration], ruling: Container[ObjectKey]) -> Iterator[Problem]:
    """`ruling` are the objects whose annotations rule images all the same. A lock that locks nothing looks as if it did;
    another tool's may have a meaning there.
    """
    for word in words:
        if (word.location.path, word.workload) in ruling:
            continue
        what = "locks nothing" if word.key in _LOCKS else "has no effect"
        yield Problem(
            location=word.location,
            message=f"{word.key} {what}: no image is written in {word.workload}",
            hint="say it in the manifest that has the image, or in the kustomization that sets it",
            note=not word.key.startswith(OWN_PREFIX),
        )


def _means_it(declaration: Declaration) -> bool:
    return declaration.key not in _LOCKS or declaration.value.lower() != "false"
