"""The ways to read tags as versions and to rank them: automator's own, and that of the tool a policy was written for."""

from collections.abc import Callable
from dataclasses import dataclass

from automator.model.policy import VersionScheme
from automator.select.order import Key, VersionInUse, peer_key, version_key
from automator.select.version import Version, parse_semver, parse_strict, parse_version


@dataclass(frozen=True, slots=True)
class Scheme:
    """`keeps_form`: a selection keeps the variant and the precision of the image in use."""

    parse: Callable[[str], Version | None]
    key: Callable[[Version, str, VersionInUse | None], Key]
    keeps_form: bool


SCHEMES = {
    VersionScheme.AUTOMATOR: Scheme(parse_version, version_key, keeps_form=True),
    VersionScheme.SEMVER: Scheme(parse_semver, peer_key, keeps_form=False),
    VersionScheme.STRICT: Scheme(parse_strict, peer_key, keeps_form=False),
}
