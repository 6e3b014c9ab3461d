"""The annotations of Argo CD Image Updater on one Application, as policies for the images of its `image-list`.

A setting that cannot be read holds its image: the image gets a policy of kind `none`. Image Updater itself would fall
back to `semver`, or to every tag.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from automator.dialects.annotations import Findings, held, nearest
from automator.errors import InvalidExpression, InvalidReference
from automator.model.field import Declaration, Location, Problem
from automator.model.image import Platform, parse_repository
from automator.model.policy import Expression, Policy, TagFilter, VersionScheme
from automator.scan.annotations import ARGOCD_PREFIX
from automator.scan.layouts import name_container
from automator.select.expression import compile_glob, parse_expression, unanchored

DIALECT = "argocd-image-updater"
"""The name of its policies."""

_ANYWHERE = ("update-strategy", "allow-tags", "ignore-tags", "pull-secret", "force-update")
_FOR_ALL = (*_ANYWHERE, "image-list", "write-back-method", "write-back-target", "git-branch", "git-repository")  # fmt: skip
_FOR_ONE = (*_ANYWHERE, "platforms", "helm.image-name", "helm.image-tag", "helm.image-spec", "kustomize.image-name")  # fmt: skip
_LEFT_OUT = {
    "pull-secret": "say credentials under registries in automator.yaml",
    "git-branch": "say the branch under config_repos in automator.yaml",
    "git-repository": "the image fields of this config repo alone are written",
}
_EXPRESSIONS = {
    "semver": "semver:{constraint}",
    "digest": "digest:{constraint}",
    "newest-build": "latest",
    "latest": "latest",
    "alphabetical": "alphabetical:asc",
    "name": "alphabetical:asc",
}
_LEFT_TO_ARGOCD = "left to Argo CD Image Updater"
_WITHOUT_CONSTRAINT = {"semver": "*", "digest": "latest"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedImage:
    """An entry of `image-list`: `image` without its constraint, and the names that its fields may have.

    `helm_containers` are the maps of the values that its Helm parameters stand in.
    """

    image: str
    policy: Policy
    location: Location
    kustomize_name: str = ""
    helm_containers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`git`: changes go to Git, into `write_back_target`, and not into the Application in the cluster."""

    images: tuple[WantedImage, ...]
    git: bool
    write_back_target: str
    problems: tuple[Problem, ...]


def read_settings(annotations: Mapping[str, Declaration]) -> Settings:
    """`annotations` by key without the prefix."""
    reader = _Reader(annotations)
    reader.check_keys()
    git = reader.read_method()
    images = tuple(reader.read_images())
    if git is None:
        images = tuple(_hold(image) for image in images)
    return Settings(
        images=images,
        git=git is True,
        write_back_target=reader.read_target(git=git),
        problems=(*reader.findings.in_order(), *reader.problems),
    )


def is_template(text: str) -> bool:
    return "{{" in text


def _hold(image: WantedImage) -> WantedImage:
    return replace(image, policy=held(DIALECT, image.location))


class _Reader:
    def __init__(self, annotations: Mapping[str, Declaration]) -> None:
        self.findings = Findings()
        self.problems: dict[Problem, None] = {}
        self._annotations = annotations

    def check_keys(self) -> None:
        """Unknown keys, those that are said elsewhere here, and aliases that are no image's."""
        listed = self._annotations.get("image-list")
        aliases = {_alias_of(entry) for entry in _entries(listed)} - {""}
        known = [*_FOR_ALL, *(f"{alias}.{option}" for alias in aliases for option in _FOR_ONE)]
        for name, declaration in self._annotations.items():
            alias, option = _split_key(name)
            if not option:
                message = f"unknown annotation {declaration.key}"
                self.findings.add(declaration, message, nearest(name, known, ARGOCD_PREFIX + "{}"))
            elif alias and alias not in aliases:
                message = f"{declaration.key}: image-list has no alias {alias!r}"
                self.findings.add(declaration, message, nearest(alias, aliases))
            elif option in _LEFT_OUT:
                message = f"{declaration.key} is not read here"
                self.findings.add(declaration, message, _LEFT_OUT[option], note=True)
        if listed is None:
            first = next(iter(self._annotations.values()))
            message = f"{ARGOCD_PREFIX}image-list is missing"
            self.findings.add(first, message, "without it no image is updated")

    def read_method(self) -> bool | None:
        """Whether changes go to Git; None if that cannot be told."""
        declaration = self._annotations.get("write-back-method")
        if declaration is None:
            return False
        method, _, credentials = declaration.value.strip().partition(":")
        if method not in {"argocd", "git"}:
            message = f"{declaration.key}: {declaration.value!r} is not known"
            self.findings.add(declaration, message, "argocd, or git")
            return None
        if credentials.startswith("secret:"):
            message = f"{declaration.key}: the secret is not read here"
            hint = "say credentials for Git under config_repos in automator.yaml"
            self.findings.add(declaration, message, hint, note=True)
        return method == "git"

    def read_target(self, *, git: bool | None) -> str:
        """Empty for the default."""
        declaration = self._annotations.get("write-back-target")
        if declaration is None:
            return ""
        if git is False:
            message = f"{declaration.key} has no effect: nothing is written to Git"
            hint = f"{ARGOCD_PREFIX}write-back-method: git"
            self.findings.add(declaration, message, hint, note=True)
            return ""
        if declaration.value.strip().partition(":")[0] not in {"kustomization", "helmvalues"}:
            message = f"{declaration.key}: {declaration.value!r} is not known"
            self.findings.add(declaration, message, "kustomization[:PATH], or helmvalues[:PATH]")
        return declaration.value.strip()

    def read_images(self) -> Iterator[WantedImage]:
        listed = self._annotations.get("image-list")
        seen: set[str] = set()
        for entry in _entries(listed):
            assert listed is not None
            image = self._read_entry(listed, entry)
            if image is None:
                continue
            alias = _alias_of(entry)
            if alias and alias in seen:
                message = f"{listed.key}: the alias {alias!r} stands twice"
                self.findings.add(listed, message, "give each image its own")
                image = _hold(image)
            seen.add(alias)
            yield image

    def _read_entry(self, listed: Declaration, entry: str) -> WantedImage | None:
        """`[ALIAS=]IMAGE[:CONSTRAINT]`. As in a reference, the colon is the first behind the last slash."""
        alias = _alias_of(entry)
        image = entry.partition("=")[2] if alias else entry
        head, slash, tail = image.strip().rpartition("/")
        last, _, constraint = tail.partition(":")
        name = f"{head}{slash}{last}"
        if is_template(name):
            message = f"{listed.key}: {entry!r} is a template"
            self.findings.add(listed, message, _LEFT_TO_ARGOCD, note=True)
            return None
        try:
            parse_repository(name)
        except InvalidReference as error:
            self.findings.add(listed, f"{listed.key}: {error.message}", error.hint)
            return None
        kustomize = self._option(alias, "kustomize.image-name")
        return WantedImage(
            image=name,
            policy=self._policy(listed, alias, constraint.strip()),
            location=listed.location,
            kustomize_name=kustomize.value.strip() if kustomize is not None else "",
            helm_containers=frozenset(self._helm_containers(alias)),
        )

    def _option(self, alias: str, option: str) -> Declaration | None:
        """The alias's own, or that for all images."""
        own = self._annotations.get(f"{alias}.{option}") if alias else None
        return own or (self._annotations.get(option) if option in _ANYWHERE else None)

    def _helm_containers(self, alias: str) -> Iterator[str]:
        """What the scan calls the containers that the Helm parameters stand for."""
        for option in ("helm.image-name", "helm.image-tag", "helm.image-spec"):
            declaration = self._option(alias, option)
            if declaration is not None:
                # `images[0].repository` is the values' `images.0.repository`.
                keys = re.sub(r"\[(\d+)\]", r".\1", declaration.value.strip()).split(".")
                yield name_container(keys if option == "helm.image-spec" else keys[:-1], "")

    def _policy(self, listed: Declaration, alias: str, constraint: str) -> Policy:
        options = {option: self._option(alias, option) for option in _FOR_ONE}
        templated = [one for one in options.values() if one is not None and is_template(one.value)]
        if is_template(constraint):
            templated.append(listed)
        for one in templated:
            message = f"{one.key}: {one.value!r} is a template"
            self.findings.add(one, message, _LEFT_TO_ARGOCD, note=True)
        found = Findings()
        policy = Policy(
            name=DIALECT,
            update=_read_update(listed, options["update-strategy"], constraint, found),
            filter=_read_filter(options["allow-tags"], found),
            exclude=tuple(_read_patterns(options["ignore-tags"], found)),
            platforms=frozenset(_read_platforms(options["platforms"], found)),
            # The strategy's choice is set whatever the image in use is.
            allow_downgrade=True,
            versions=VersionScheme.SEMVER,
            source=listed.location,
        )
        if templated:
            # What a template's text seems to say is nobody's mistake.
            return held(DIALECT, listed.location)
        self.problems.update(dict.fromkeys(found.in_order()))
        mistaken = any(not problem.note for problem in found.in_order())
        return held(DIALECT, listed.location) if mistaken else policy


def _read_update(
    listed: Declaration, strategy: Declaration | None, constraint: str, found: Findings
) -> Expression:
    name = strategy.value.strip() if strategy is not None else "semver"
    place = strategy or listed
    if name not in _EXPRESSIONS:
        message = f"{place.key}: {name!r} is no update strategy"
        found.add(place, message, nearest(name, _EXPRESSIONS))
        return parse_expression("none")
    if name in _WITHOUT_CONSTRAINT:
        constraint = constraint or _WITHOUT_CONSTRAINT[name]
    elif constraint:
        message = f"{listed.key}: the constraint {constraint!r} has no meaning under {name}"
        found.add(listed, message, "allow-tags says which tags count", note=True)
    try:
        text = _EXPRESSIONS[name].format(constraint=constraint)
        return parse_expression(text, VersionScheme.SEMVER)
    except InvalidExpression as error:
        found.add(listed, f"{listed.key}: {error.message}", error.hint)
        return parse_expression("none")


def _read_filter(declaration: Declaration | None, found: Findings) -> TagFilter | None:
    if declaration is None or declaration.value.strip() == "any":
        return None
    kind, _, pattern = declaration.value.strip().partition(":")
    if kind != "regexp" or not pattern:
        message = f"{declaration.key}: {declaration.value!r} is not known"
        found.add(declaration, message, "regexp:EXPRESSION, or any")
        return None
    try:
        return TagFilter(unanchored(pattern))
    except InvalidExpression as error:
        found.add(declaration, f"{declaration.key}: {error.message}", error.hint)
        return None


def _read_patterns(declaration: Declaration | None, found: Findings) -> Iterator[str]:
    """Go's patterns as ours: `[^a]` is `[!a]`."""
    for pattern in _entries(declaration):
        assert declaration is not None
        if ":" in pattern:
            message = f"{declaration.key}: {pattern!r} matches no tag"
            found.add(declaration, message, "shell patterns, as in dev-*", note=True)
        if "\\" in pattern:
            message = f"{declaration.key}: {pattern!r} cannot be read: a backslash"
            found.add(declaration, message, "write [*] for a star")
        shell = pattern.replace("[^", "[!")
        try:
            compile_glob(shell)
        except InvalidExpression as error:
            found.add(declaration, f"{declaration.key}: {error.message}", error.hint)
        yield shell


def _read_platforms(declaration: Declaration | None, found: Findings) -> Iterator[Platform]:
    entries = _entries(declaration)
    for text in entries:
        assert declaration is not None
        try:
            yield Platform.parse(text)
        except InvalidReference as error:
            found.add(declaration, f"{declaration.key}: {error.message}", error.hint)
    if declaration is not None and len(entries) > 1:
        message = f"{declaration.key}: an image must have all of these here"
        hint = "Argo CD Image Updater is content with one of them"
        found.add(declaration, message, hint, note=True)


def _entries(declaration: Declaration | None) -> list[str]:
    entries = declaration.value.split(",") if declaration is not None else []
    return [entry.strip() for entry in entries if entry.strip()]


def _alias_of(entry: str) -> str:
    """Of an entry of `image-list`; a `=` behind the colon is the constraint's."""
    alias, equals, _ = entry.partition("=")
    return alias.strip() if equals and ":" not in alias else ""


def _split_key(name: str) -> tuple[str, str]:
    """Alias and option; both empty for an unknown key."""
    if name in _FOR_ALL:
        return "", name
    for option in _FOR_ONE:
        alias = name.removesuffix(f".{option}")
        if alias and alias != name:
            return alias, option
    return "", ""
