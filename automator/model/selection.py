"""What a policy made of the tags: the selection, and the reason for every tag."""

from dataclasses import dataclass
from enum import StrEnum

from automator.model.tags import ImageFacts


class Reason(StrEnum):
    """Why a tag is, or is not, a candidate. The set is fixed and documented in docs/reference/policies.md."""

    SELECTED = "selected"
    ACCEPTED = "accepted"
    NOT_A_VERSION = "not a version"
    OUTSIDE_RANGE = "outside the range"
    PRERELEASE = "a pre-release"
    OTHER_VARIANT = "another variant"
    OTHER_PRECISION = "another precision"
    NO_MATCH = "does not match the pattern"
    NOT_INCLUDED = "not included"
    EXCLUDED = "excluded"
    FILTERED = "does not match the filter"
    NOT_A_NUMBER = "not a number"
    PLATFORM_MISSING = "lacks a platform"
    BUILD_TIME_UNKNOWN = "build time unknown"
    OTHER_TAG = "not the followed tag"
    NO_IMAGE = "no image behind the tag"
    NOT_AN_IMAGE = "signature, attestation or SBOM"


class Outcome(StrEnum):
    """What a container's selection comes to (design, section 6)."""

    UPDATE = "update"
    UP_TO_DATE = "up to date"
    NO_CANDIDATE = "no candidate"
    WOULD_BE_OLDER = "would be older"
    INCOMPLETE = "tag list incomplete"
    WARMING = "warming"
    IN_USE_MISSING = "tag in use not found"
    IN_USE_UNDATED = "build time of the tag in use unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    tag: str
    accepted: bool
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """`tag` is the candidate that ranks first, also where the outcome keeps the image in use.

    `behind` counts the candidates that rank above the image in use; `facts` are the selected tag's, if known. `doubt`
    says why a tag list is taken for incomplete. `known` and `pending` count the candidates whose build time is known,
    and those where it is still being asked for.
    """

    outcome: Outcome
    tag: str | None = None
    facts: ImageFacts | None = None
    behind: int = 0
    doubt: str = ""
    known: int = 0
    pending: int = 0
