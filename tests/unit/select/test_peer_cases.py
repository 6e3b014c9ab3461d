"""What Flux v1 and Flux v2 were observed to choose, asked of our select under the scheme of the owner.

Extra to the suite, which stands without the cases. Each must agree, but for those in DIFFERENCES, where the peer is
wrong or leaves to chance what we decide by rule: there our answer must differ, and be the one that is written down.
"""

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from automator.errors import InvalidExpression
from automator.model.image import Digest, ImageReference
from automator.model.plan import Change
from automator.model.policy import Policy, TagFilter, VersionScheme
from automator.model.selection import Outcome, Reason
from automator.model.tags import ImageFacts, Observed, TagList
from automator.plan.changes import plan_field
from automator.select.evaluate import evaluate, explain
from automator.select.expression import parse_expression, unanchored
from automator.select.filters import make_filter
from automator.select.scheme import SCHEMES
from tests.unit.plan.making import field

CASES = Path(__file__).parents[4] / "shared/cases"
NOW = datetime(2024, 6, 1, tzinfo=UTC)
BUILT = datetime(2024, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="no observed cases of other tools beside the project"
)


def observe(tags, created_seconds=None):
    """Every tag has an image, all built at one time where nothing is said."""
    seconds = created_seconds or [0] * len(tags)
    facts = {
        tag: ImageFacts(digest=Digest(tag), created_at=BUILT + timedelta(seconds=built))
        for tag, built in zip(tags, seconds, strict=True)
    }
    return Observed(tag_list=TagList(tags=tuple(tags)), facts=facts)


def select(policy, tags, in_use=None, created_seconds=None):
    """The selected tag, or None where nothing is selected, as where the peer fails."""
    current = ImageReference("app", in_use)
    return evaluate(policy, current, observe(tags, created_seconds), NOW).tag


def verdicts(policy, tags, created_seconds=None):
    return explain(policy, ImageReference("app"), observe(tags, created_seconds), NOW)


def accepted(policy, tags, created_seconds=None):
    return [v.tag for v in verdicts(policy, tags, created_seconds) if v.accepted]


def is_valid(parse, *arguments):
    try:
        parse(*arguments)
    except InvalidExpression:
        return False
    return True


def flux_v1(pattern):
    """KIND:EXPRESSION, a glob without KIND; only `*` is special in its globs, and its expressions match anywhere."""
    kind, _, rest = pattern.partition(":")
    if kind in {"regex", "regexp"}:
        text = f"regex:{unanchored(rest)}"
    elif kind == "semver":
        text = pattern
    else:
        glob = rest if kind == "glob" else pattern
        text = f"glob:{glob.replace('[', '[[]').replace('?', '[?]')}"
    scheme = VersionScheme.SEMVER
    return Policy(name="flux v1", update=parse_expression(text, scheme), versions=scheme)


def flux_v2(update, given=None, **more):
    """`given` is filterTags."""
    given = given or {}
    tag_filter = None
    if given:
        tag_filter = TagFilter(unanchored(given["pattern"]), given.get("extract", ""))
    scheme = VersionScheme.STRICT
    expression = parse_expression(update, scheme)
    return Policy(name="flux v2", update=expression, filter=tag_filter, versions=scheme, **more)


def ordered(kind, given):
    order = given.get("order", "").lower().removesuffix("(default)")
    return f"{kind}:{order or 'asc'}"


def run_tag_pattern_match(given, expected):
    tags = [*expected["matches"], *expected["rejects"]]
    return sorted(accepted(flux_v1(given["pattern"]), tags)), sorted(expected["matches"])


def run_tag_pattern_measured(given, expected):
    try:
        policy = flux_v1(given["pattern"])
    except InvalidExpression:
        return "refused", expected["matches"]
    return sorted(accepted(policy, given["tags"])), sorted(expected["matches"])


def run_ordering_by_version(given, expected):
    """What is no version stands last, by name."""
    order = [verdict.tag for verdict in verdicts(flux_v1("semver:*"), given["tags"])]
    return order, expected["order"]


def run_ordering_by_time(given, expected):
    return accepted(flux_v1("glob:*"), given["tags"], given["created_seconds"]), expected["order"]


def run_kept(given, expected):
    return accepted(flux_v1(given["pattern"]), given["tags"]), expected["kept"]


def run_sorted(given, expected):
    return accepted(flux_v1(given["pattern"]), given["tags"]), expected["order"]


def run_newest_build(given, expected):
    """The tags stand in the order of their builds."""
    pattern = given.get("helmrelease tag") or given["pattern"]
    in_use = given["current"].rpartition(":")[2]
    newest = given.get("available_newest", "").rpartition(":")[2]
    tags = given.get("available") or [in_use, newest]
    seconds = list(range(len(tags)))
    theirs = expected.get("git_tag") or expected["git_image_tag"]
    return select(flux_v1(pattern), tags, in_use, seconds), theirs


def run_gone(given, expected):
    """The image in use is no longer in the registry."""
    tags, in_use = given["available"], given["current"].rpartition(":")[2]
    current, observed = ImageReference("app", in_use), observe(tags)
    selection = evaluate(flux_v1(given["pattern"]), current, observed, NOW)
    return selection.outcome is Outcome.UPDATE, expected["change"]


def run_range(given, expected):
    text = f"semver:{given['range']}"
    ours = is_valid(parse_expression, text, VersionScheme.STRICT)
    return ours, "valid" in expected


def run_version(given, expected):
    parsed = SCHEMES[VersionScheme.STRICT].parse(given["version"])
    return parsed is not None, expected["valid"]


def run_ties(given, expected):
    return select(flux_v2("semver:*"), given["tags (stored desc)"]), expected["tag"]


def run_order(kind):
    def run(given, expected):
        return is_valid(parse_expression, ordered(kind, given)), expected["valid"]

    return run


def run_latest(kind):
    def run(given, expected):
        return select(flux_v2(ordered(kind, given)), given["tags"]), expected.get("tag")

    return run


def run_filter(given, expected):
    """Of tags that yield the same the last in the list stands in Flux's answer."""
    try:
        check = make_filter(flux_v2("alphabetical", given))
    except InvalidExpression:
        return "refused", "refused" if "error" in expected else expected
    yields = {check(tag): tag for tag in given["tags"]}
    yields.pop(Reason.FILTERED, None)
    if "items" in expected:
        return list(yields), expected["items"]
    return yields, expected["extractedToOriginal"]


def run_exclusion(given, expected):
    policy = flux_v2("alphabetical", exclude_matching=tuple(given["patterns"]))
    try:
        ours = sorted(accepted(policy, given.get("tags", [])))
    except InvalidExpression:
        return "refused", "refused" if "error" in expected else expected
    return ours, expected["tags"]


def run_policy(given, expected):
    update = f"semver:{given['semver']}" if "semver" in given else "alphabetical"
    try:
        policy = flux_v2(update, given.get("filter"))
    except InvalidExpression:
        return "refused", "refused" if expected.get("Ready") == "False" else expected
    return select(policy, given["registryTags"]), expected["tag"]


def run_chance(given, expected):
    """There the answer is drawn; here it must be one of those drawn, the same in whatever order the tags are listed."""
    update = f"semver:{given['range']}" if "range" in given else ordered("numerical", given)
    policy = flux_v2(update, given["filter"])
    (ours,) = {select(policy, tags) for tags in permutations(given["tags"])}
    return ours, ours if ours in expected else expected


REFLECTION = {
    "": {},
    "Never": {},
    "IfNotPresent": {"pin_digest": True, "keep_digest": True},
    "Always": {"pin_digest": True},
}
DIGESTS = {"digest1": "1", "digest2": "2", "digest2 of v2.0.0": "2"}


def run_reflection(given, expected):
    """Two passes; before the second the tag moves to another digest, or a higher version is there."""
    new_tag = "v2.0.0" in given["case"]
    image = ImageReference("app", "v1.1.1")
    passes = [
        (given["policyPass1"], "1", ["v1.1.1"]),
        (given["policyPass2"], "2", ["v1.1.1", "v2.0.0"] if new_tag else ["v1.1.1"]),
    ]
    written = []
    for name, digit, tags in passes:
        policy = flux_v2("semver:*", **REFLECTION[name])
        facts = {tag: ImageFacts(digest=Digest(f"sha256:{digit * 64}")) for tag in tags}
        observed = Observed(tag_list=TagList(tags=tuple(tags)), facts=facts)
        selection = evaluate(policy, image, observed, NOW)
        decision = plan_field(field(str(image)), policy, None, selection, None, NOW)
        image = decision.to if isinstance(decision, Change) else image
        written.append(image.digest[-1] if image.digest else "")
    theirs = [DIGESTS.get(expected[key], "") for key in ("digestPass1", "digestPass2")]
    return written, theirs


# By area, or by the case where few of an area are questions to select.
RUN = {
    "flux-v1.json": {
        "tag-pattern.match": run_tag_pattern_match,
        "tag-pattern.measured": run_tag_pattern_measured,
        "ordering.semver": run_ordering_by_version,
        "ordering.semver.measured": run_ordering_by_version,
        "ordering.created.measured": run_ordering_by_time,
        "latest-rule": run_kept,
        "filter-sort.semver": run_sorted,
        "metadata.inconsistent": run_sorted,
        "fluxv1-0111": run_newest_build,
        "fluxv1-0117": run_gone,
        "fluxv1-0189": run_newest_build,
    },
    "flux-v2.json": {
        "semver.range": run_range,
        "semver.parse": run_version,
        "semver.ties": run_ties,
        "alphabetical.order": run_order("alphabetical"),
        "alphabetical.latest": run_latest("alphabetical"),
        "numerical.order": run_order("numerical"),
        "numerical.latest": run_latest("numerical"),
        "filterTags": run_filter,
        "exclusionList": run_exclusion,
        "policy.e2e": run_policy,
        "digest.reflection": run_reflection,
        "flux-0383": run_chance,
        "flux-0384": run_chance,
    },
}

RELEASES = [
    *("0.1.5", "01.2.3", "1", "1.0.0", "1.02.3", "1.10", "1.10.0", "1.2", "1.2.3", "1.2.3+b1"),
    *("12345678", "2.0.0", "20230101", "3.1", "v1.2.3"),
]
PRERELEASES = ["1.0.0-rc.1", "1.2.3-alpha.1", "1.2.3-rc.1", "v1.0-rc1"]

STAR_ZERO = (
    "the range names a pre-release; Masterminds repaired *-0 in 3.2.0, which Flux v1 did not get"
)
ONE_OPENS = (
    "Flux v1's own documentation gives this range for release candidates, and it selects none there"
)
NO_RANGE = "what stands behind * is no pre-release; who wrote it meant alphas and got every release"
EMPTY = "an empty pattern matches no tag: a policy that never can do anything is an error"
AS_TEXT = "of builds of one time the highest version is the newest, not the least text"
STUCK = "an image that is gone from the registry would stay in use for ever"
UNPINNED = "a policy that does not pin leaves a digest that is written, and moves it with the tag"
BAD_TAG = (
    "one tag that is no number fails the whole policy there; here it is passed over with a reason"
)
NO_DECIMAL = "1e3 is a short commit more often than a number, 1_000 is Go's spelling, and NaN and Inf have no order"
LIST_ORDER = (
    "of equal numbers the last in the list is taken there; here the greater or the lesser text"
)
FLOAT = "64-bit floats cannot tell these apart"

# Our answer, and why it is another.
DIFFERENCES = {
    "fluxv1-0059": (sorted(RELEASES + PRERELEASES), STAR_ZERO),
    "fluxv1-0061": (["1", "1.0.0", "1.0.0-rc.1", "v1.0-rc1"], ONE_OPENS),
    "fluxv1-0067": ("refused", NO_RANGE),
    "fluxv1-0081": ("refused", EMPTY),
    "fluxv1-0093": (["v11", "v10", "v9"], AS_TEXT),
    "fluxv1-0117": (True, STUCK),
    "flux-0079": ("0", BAD_TAG),
    "flux-0138": (["1", "1"], UNPINNED),
    "flux-0139": (["1", "1"], UNPINNED),
    "flux-0341": ("999", NO_DECIMAL),
    "flux-0343": ("5", BAD_TAG),
    "flux-0344": ("5", BAD_TAG),
    "flux-0347": ("1", NO_DECIMAL),
    "flux-0348": ("1", NO_DECIMAL),
    "flux-0349": ("1", NO_DECIMAL),
    "flux-0351": ("5", NO_DECIMAL),
    "flux-0357": ("1.0", LIST_ORDER),
    "flux-0360": ("1", LIST_ORDER),
    "flux-0361": ("0", BAD_TAG),
    "flux-0362": ("0", BAD_TAG),
    "flux-0363": ("9007199254740993", FLOAT),
    "flux-0366": ("9007199254740992", FLOAT),
}


def load(name):
    return json.loads((CASES / name).read_text()) if CASES.is_dir() else []


def cases():
    for name, runs in RUN.items():
        for case in load(name):
            run = runs.get(case["id"]) or runs.get(case["area"])
            if run is not None:
                yield pytest.param(run, case, id=f"{case['id']} {case['area']}")


@pytest.mark.parametrize(("run", "case"), list(cases()))
def test_case(run, case):
    ours, theirs = run(case["input"], case["expected"])
    if case["id"] in DIFFERENCES:
        written_down, _why = DIFFERENCES[case["id"]]
        assert ours == written_down
        assert ours != theirs
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", RUN)
def test_every_question_is_asked(name):
    known = {key for case in load(name) for key in (case["id"], case["area"])}
    assert RUN[name].keys() <= known


def test_every_difference_is_of_a_case():
    asked = {parameters.values[1]["id"] for parameters in cases()}
    assert DIFFERENCES.keys() <= asked
