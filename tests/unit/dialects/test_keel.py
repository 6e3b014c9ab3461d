"""Keel's annotations and labels: what each container is declared to be, what is told, and which tag it comes to."""

import pytest

from automator.dialects.keel import KEEL_PREFIXES, read_keel
from automator.model.policy import Declared, Policy, TagFilter, VersionScheme
from automator.select.expression import parse_expression
from tests.unit.dialects.making_flux1_keel import (
    declare,
    make_fields,
    select,
    sourceless,
    told,
)

RELEASE = r"v?[0-9]+(?:\.[0-9]+){2,2}"
THREE_PARTS = r"[^.]*\.[^.]*\..*"


def policy(text, **more):
    return Declared(policy=Policy(name="keel.sh", update=parse_expression(text), **more))


def versions(text, pattern=RELEASE, *, prerelease=False):
    return policy(
        text,
        filter=TagFilter(pattern),
        prerelease=prerelease,
        versions=VersionScheme.SEMVER,
    )


def anywhere(pattern):
    return policy(f"regex:(?s:.*?)(?:{pattern})(?s:.*)")


def locked(reason, declared):
    return Declared(locked=True, locked_reason=reason, policy=declared.policy)


HELD = policy("none")
MINOR = versions("semver:>=1.2.3 <2.0.0-0")
PATCH = versions("semver:>=1.2.3 <1.3.0-0")
MAJOR = versions("semver:>=1.2.3")
ALL = versions("semver:>=1.2.3", THREE_PARTS, prerelease=True)
NO_FLAG = 'is neither true nor false (nothing is updated by it; write "true" or "false", in quotes)'
FORCE_NOTE = "note: carts.yaml:1:5: keel.sh/policy: force takes whatever is pushed in Keel, here the newest build of all tags"
INSTEAD = "(write a version, or another policy: keel.sh/policy: force)"


def keel(**values):
    return {f"keel.sh/{key}": value for key, value in values.items()}


# (annotations and labels, declared for the container `carts` at app:1.2.3, problems)
ONE_CONTAINER = [
    pytest.param({}, None, [], id="nothing said"),
    pytest.param(keel(policy="major"), MAJOR, [], id="major"),
    pytest.param(keel(policy="minor"), MINOR, [], id="minor"),
    pytest.param(keel(policy="patch"), PATCH, [], id="patch"),
    pytest.param(keel(policy="all"), ALL, [], id="all"),
    pytest.param(keel(policy="never"), HELD, [], id="never"),
    pytest.param({"label:keel.sh/policy": "minor"}, MINOR, [], id="a label"),
    pytest.param({"label:keel.sh/policy": "minor", "keel.sh/policy": "minor"}, MINOR, [], id="the same said twice"),
    pytest.param({"label:keel.sh/policy": "minor", "keel.sh/policy": "patch"}, PATCH,
        ["carts.yaml:1:5: the label keel.sh/policy says something else than the annotation keel.sh/policy in line 2, which counts (say it once)"],
        id="an annotation wins over a label"),
    pytest.param({"keel.sh/policy": "minor", "keel.sh/policy#2": "patch"}, MINOR,
        ["carts.yaml:2:5: the annotation keel.sh/policy says something else than the annotation keel.sh/policy in line 1, which counts (say it once)"],
        id="a pod template says something else"),
    pytest.param(keel(policy="Minor"), HELD,
        ["carts.yaml:1:5: keel.sh/policy: 'Minor' is no policy of Keel's (did you mean minor?)"], id="misspelt"),
    pytest.param(keel(policy="semver:^1"), HELD,
        ["carts.yaml:1:5: keel.sh/policy: 'semver:^1' is no policy of Keel's (known: all, force, glob:, major, minor, never, patch, regexp:)"],
        id="another tool's policy"),
    pytest.param(keel(policy=""), HELD,
        ["carts.yaml:1:5: keel.sh/policy: '' is no policy of Keel's (known: all, force, glob:, major, minor, never, patch, regexp:)"],
        id="empty"),

    pytest.param(keel(policy="minor", matchPreRelease="true"), MINOR, [], id="matchPreRelease as it is anyway"),
    pytest.param(keel(policy="minor", matchPreRelease="false"), versions("semver:>=1.2.3 <2.0.0-0", THREE_PARTS, prerelease=True), [],
        id="any pre-release in the same major"),
    pytest.param(keel(policy="patch", matchPreRelease="false"), versions("semver:>=1.2.3 <1.3.0-0", THREE_PARTS, prerelease=True), [],
        id="any pre-release in the same minor"),
    pytest.param(keel(policy="minor", matchPreRelease="no"), HELD, [f"carts.yaml:2:5: keel.sh/matchPreRelease: 'no' {NO_FLAG}"],
        id="an option that cannot be read"),
    pytest.param(keel(policy="all", matchPreRelease="false"), ALL,
        ["carts.yaml:2:5: keel.sh/matchPreRelease has no effect: it is for the policies major, minor, patch"],
        id="all does not ask for the pre-release"),
    pytest.param({"label:keel.sh/policy": "minor", "label:keel.sh/matchPreRelease": "false"},
        versions("semver:>=1.2.3 <2.0.0-0", THREE_PARTS, prerelease=True), [], id="options as labels"),

    pytest.param(keel(policy="force"), policy("latest"), [FORCE_NOTE], id="force"),
    pytest.param(keel(policy="force", matchTag="true"), policy("digest:1.2.3"), [], id="force for the same tag"),
    pytest.param({"keel.sh/policy": "force", "keel.sh/match-tag": "true"}, policy("digest:1.2.3"), [], id="by the older name"),
    pytest.param({"keel.sh/policy": "force", "keel.sh/match-tag": "false", "keel.sh/matchTag": "true"}, policy("digest:1.2.3"),
        ["carts.yaml:2:5: the annotation keel.sh/match-tag says something else than the annotation keel.sh/matchTag in line 3, which counts (say it once)"],
        id="the newer name wins"),
    pytest.param(keel(policy="force", matchTag="false"), policy("latest"), [FORCE_NOTE], id="force, not for the same tag"),
    pytest.param(keel(policy="force", matchTag="True"), HELD, [f"carts.yaml:2:5: keel.sh/matchTag: 'True' {NO_FLAG}"],
        id="a matchTag that cannot be read"),
    pytest.param(keel(policy="minor", matchTag="true"), MINOR,
        ["carts.yaml:2:5: keel.sh/matchTag has no effect: it is for the policy force"], id="matchTag without force"),
    pytest.param(keel(policy="force", matchPreRelease="true"), policy("latest"),
        [FORCE_NOTE, "carts.yaml:2:5: keel.sh/matchPreRelease has no effect: it is for the policies major, minor, patch"],
        id="matchPreRelease with force"),

    pytest.param(keel(policy="glob:build-*"), policy("glob:build-*"), [], id="glob"),
    pytest.param(keel(policy="glob:v[0-9]"), policy("glob:v[[]0-9]"),
        ["carts.yaml:1:5: keel.sh/policy: 'v[0-9]' matches no tag: none has '[' (* alone has a meaning in a glob of Keel's)"],
        id="[ is itself"),
    pytest.param(keel(policy="glob:"), HELD,
        ["carts.yaml:1:5: keel.sh/policy: glob lacks its argument (glob:...)"], id="an empty glob"),
    pytest.param(keel(policy="regexp:^v"), anywhere("^v"), [], id="regexp"),
    pytest.param(keel(policy="regexp:("), HELD,
        ["carts.yaml:1:12: keel.sh/policy: '(' is no regular expression: missing ): ( (the syntax is RE2's)"],
        id="an invalid regexp holds"),
    pytest.param(keel(policy="regexp:"), anywhere(""), [], id="an empty regexp matches everything"),
    pytest.param(keel(policy="regex:^v"), HELD,
        ["carts.yaml:1:5: keel.sh/policy: 'regex:^v' is no policy of Keel's (did you mean regexp:?)"], id="Flux's spelling"),

    pytest.param(keel(policy="minor", approvals="2"), locked("keel.sh/approvals wants 2 approvals", MINOR),
        ["carts.yaml:2:5: locked: keel.sh/approvals wants 2 approvals, which cannot be given here (without it the images are updated as the policy says)"],
        id="approvals"),
    pytest.param(keel(policy="minor", approvals="1"), locked("keel.sh/approvals wants 1 approval", MINOR),
        ["carts.yaml:2:5: locked: keel.sh/approvals wants 1 approval, which cannot be given here (without it the images are updated as the policy says)"],
        id="one approval"),
    pytest.param(keel(policy="minor", approvals="0"), MINOR, [], id="no approvals"),
    pytest.param(keel(policy="minor", approvals="two"), locked("keel.sh/approvals cannot be read", MINOR),
        ["carts.yaml:2:5: keel.sh/approvals: 'two' is no number (locked)"], id="approvals that cannot be read"),
    pytest.param(keel(policy="minor", approvals="-1"), locked("keel.sh/approvals cannot be read", MINOR),
        ["carts.yaml:2:5: keel.sh/approvals: '-1' is no number (locked)"], id="approvals below zero"),

    pytest.param(keel(policy="minor", trigger="poll", pollSchedule="@every 5m"), MINOR,
        ["note: carts.yaml:2:5: keel.sh/trigger has no meaning here: every image that has a policy is polled",
         "note: carts.yaml:3:5: keel.sh/pollSchedule has no meaning here: images are polled at the configured poll_interval"],
        id="polling"),
    pytest.param(keel(policy="minor", notify="chan", releaseNotes="https://example.com", approvalDeadline="5"), MINOR,
        ["note: carts.yaml:2:5: keel.sh/notify has no meaning here: updates are told in commits, logs and metrics",
         "note: carts.yaml:3:5: keel.sh/releaseNotes has no meaning here: updates are told in commits, logs and metrics",
         "note: carts.yaml:4:5: keel.sh/approvalDeadline has no meaning here: there are no approvals that could expire"],
        id="messages and deadlines"),
    pytest.param({"keel.sh/policy": "minor", "keel.sh/update-time": "x", "keel.sh/digest": "y", "keel.sh/imagePullSecret": "z"}, MINOR,
        ["note: carts.yaml:2:5: keel.sh/update-time has no meaning here: it is Keel's own record",
         "note: carts.yaml:3:5: keel.sh/digest has no meaning here: it is Keel's own record",
         "note: carts.yaml:4:5: keel.sh/imagePullSecret has no meaning here: credentials are those of the configuration"],
        id="what is Keel's own"),
    pytest.param(keel(policy="minor", matchPrerelease="true"), MINOR,
        ["carts.yaml:2:5: unknown annotation keel.sh/matchPrerelease (did you mean keel.sh/matchPreRelease?)"], id="an unknown key"),
    pytest.param(keel(polici="minor"), None,
        ["carts.yaml:1:5: unknown annotation keel.sh/polici (did you mean keel.sh/policy?)"], id="policy misspelt"),
    pytest.param(keel(approvals="1", matchTag="true", notify="x"), None,
        ["carts.yaml:1:5: keel.sh/approvals has no effect: there is no keel.sh/policy",
         "carts.yaml:2:5: keel.sh/matchTag has no effect: there is no keel.sh/policy",
         "note: carts.yaml:3:5: keel.sh/notify has no meaning here: updates are told in commits, logs and metrics"],
        id="options without a policy"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "declared", "problems"), ONE_CONTAINER)
def test_one_container(annotations, declared, problems):
    reading = read_keel(declare(annotations), make_fields(["carts=app:1.2.3"]))
    assert sourceless(reading.declared) == [declared]
    assert told(reading.problems) == problems


def alone(text, image):
    return f"carts.yaml:1:5: carts is left alone: {text} counts from a version, and {image} has none {INSTEAD}"


# (policy and options, the tag in use, declared, problems)
TAGS_IN_USE = [
    pytest.param("major", "v1.2.3", versions("semver:>=1.2.3"), [], id="with a v"),
    pytest.param("minor", "0.2.3", versions("semver:>=0.2.3 <1.0.0-0"), [], id="minor below 1"),
    pytest.param("patch", "0.0.3", versions("semver:>=0.0.3 <0.1.0-0"), [], id="patch below 0.1"),
    pytest.param("patch", "1.2.3-alpine", versions("semver:>=1.2.3-alpine <1.3.0-0", rf"{RELEASE}-alpine"), [], id="a pre-release"),
    pytest.param("minor", "1.2.3-alpine3.18", versions("semver:>=1.2.3-alpine3.18 <2.0.0-0", r"v?[0-9]+(?:\.[0-9]+){1,2}-alpine3\.18"), [],
        id="a dot in the pre-release"),
    pytest.param("all", "1.2.3-rc.1", versions("semver:>=1.2.3-rc.1", THREE_PARTS, prerelease=True), [], id="all from a pre-release"),
    pytest.param("minor", "1.2", versions("semver:>=1.2.0 <2.0.0-0", rf"1\.2|{RELEASE}"), [], id="two parts"),
    pytest.param("major", "1", versions("semver:>=1.0.0", rf"1|{RELEASE}"), [], id="one part"),
    pytest.param("all", "1.2", versions("semver:>=1.2.0", rf"1\.2|{THREE_PARTS}", prerelease=True), [], id="two parts under all"),
    pytest.param("minor", "main-abc", HELD, [alone("minor", "app:main-abc")], id="no version"),
    pytest.param("all", "latest", HELD, [alone("all", "app:latest")], id="latest"),
    pytest.param("patch", "1.2.3_1", HELD, [alone("patch", "app:1.2.3_1")], id="nearly a version"),
    pytest.param("major", "1.2.3.4", HELD, [alone("major", "app:1.2.3.4")], id="four parts"),
    pytest.param("major", None, HELD, [alone("major", "app")], id="no tag"),
    pytest.param("force", None, policy("latest"), [FORCE_NOTE], id="force without a tag"),
    pytest.param("glob:v*", None, policy("glob:v*"), [], id="glob without a tag"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "current", "declared", "problems"), TAGS_IN_USE)
def test_tag_in_use(text, current, declared, problems):
    image = "carts=app" if current is None else f"carts=app:{current}"
    reading = read_keel(declare(keel(policy=text)), make_fields([image]))
    assert sourceless(reading.declared) == [declared]
    assert told(reading.problems) == problems


def test_no_tag_to_follow():
    reading = read_keel(declare(keel(policy="force", matchTag="true")), make_fields(["carts=app"]))
    assert sourceless(reading.declared) == [HELD]
    assert told(reading.problems) == [
        "carts.yaml:1:5: carts is left alone: app has no tag that keel.sh/matchTag could follow (write one)"
    ]


POD = ["carts=app:1.2.3", "initContainers/wait=wait:1.2.3", "ephemeralContainers/debug=sh:1.2.3", "volumes/data=data:1.2.3"]  # fmt: skip

# (options beside `policy: minor`, containers that are updated, containers that are held, problems)
COVERAGES = [
    pytest.param({}, ["carts"], [], [], id="containers alone"),
    pytest.param(keel(initContainers="true"), ["carts", "wait"], [], [], id="init containers"),
    pytest.param(keel(initContainers="false"), ["carts"], [], [], id="no init containers"),
    pytest.param(keel(imageVolumes="true"), ["carts", "data"], [], [], id="image volumes"),
    pytest.param(keel(initContainers="true", imageVolumes="true"), ["carts", "wait", "data"], [], [], id="both"),
    pytest.param(keel(initContainers="yes"), ["carts"], [], [f"carts.yaml:2:5: keel.sh/initContainers: 'yes' {NO_FLAG}"],
        id="an option that cannot be read"),
    pytest.param(keel(monitorContainers="^car"), ["carts"], [], [], id="monitored by name"),
    pytest.param(keel(monitorContainers="a", initContainers="true"), ["carts", "wait"], [], [], id="a regex matches anywhere"),
    pytest.param(keel(monitorContainers="^cart$"), [], [],
        ["carts.yaml:1:5: keel.sh/policy has no effect: Keel looks at no container here (containers: carts, data, debug, wait)"],
        id="no container is monitored"),
    pytest.param(keel(monitorContainers="wait"), [], [],
        ["carts.yaml:1:5: keel.sh/policy has no effect: Keel looks at no container here (containers: carts, data, debug, wait)"],
        id="a monitored init container, unless initContainers"),
    pytest.param(keel(monitorContainers="("), [], ["carts", "wait", "debug", "data"],
        ["carts.yaml:2:5: keel.sh/monitorContainers: '(' is no regular expression: missing ): ( (the syntax is RE2's)"],
        id="a regex that cannot be read holds them all"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "updated", "on_hold", "problems"), COVERAGES)
def test_which_containers(options, updated, on_hold, problems):
    fields = make_fields(POD)
    reading = read_keel(declare(keel(policy="minor") | options), fields)
    by_name = dict(
        zip((field.container for field in fields), sourceless(reading.declared), strict=True)
    )
    assert [name for name, one in by_name.items() if one == MINOR] == updated
    assert [name for name, one in by_name.items() if one == HELD] == on_hold
    assert told(reading.problems) == problems


def test_each_container_counts_from_its_own_tag():
    fields = make_fields(["carts=app:1.2.3", "sidecar=proxy:3.0.0", "tool=tool:main"])
    reading = read_keel(declare(keel(policy="patch")), fields)
    assert sourceless(reading.declared) == [
        PATCH,
        versions("semver:>=3.0.0 <3.1.0-0"),
        HELD,
    ]


def test_no_image_at_all():
    reading = read_keel(declare(keel(policy="patch")), ())
    assert told(reading.problems) == [
        "carts.yaml:1:5: keel.sh/policy has no effect: Keel looks at no container here"
    ]


def test_a_policy_says_where_it_is_written():
    annotations = declare(keel(approvals="0", policy="minor"))
    (declared,) = read_keel(annotations, make_fields(["carts=app:1.2.3"])).declared
    assert str(declared.policy.source) == "carts.yaml:2:5"
    assert str(declared.policy) == "keel.sh semver:>=1.2.3 <2.0.0-0"


def test_every_known_prefix_is_read():
    for prefix in KEEL_PREFIXES:
        assert read_keel(declare({f"{prefix}nothing": ""}), ()).problems


LOOSE = {"keel.sh/matchPreRelease": "false"}
SAME_TAG = {"keel.sh/matchTag": "true"}

# (policy, options, the tag in use, the registry's tags from the oldest build to the newest, the tag after a pass)
OUTCOMES = [
    pytest.param("major", {}, "1.2.3", ["1.2.4", "1.3.0", "2.0.0", "3.0.0-rc.1"], "2.0.0", id="major"),
    pytest.param("minor", {}, "1.2.3", ["1.2.4", "1.3.0", "2.0.0"], "1.3.0", id="minor"),
    pytest.param("minor", {}, "0.2.3", ["0.2.4", "0.9.0", "1.0.0"], "0.9.0", id="minor below 1"),
    pytest.param("patch", {}, "1.2.3", ["1.2.4", "1.2.10", "1.3.0"], "1.2.10", id="patch"),
    pytest.param("patch", {}, "1.2.3", ["1.2.3", "1.3.0"], "1.2.3", id="nothing newer"),
    pytest.param("patch", {}, "1.2.3", ["1.2.2"], "1.2.3", id="never down"),
    pytest.param("major", {}, "1.2.3", ["1.2.3", "v1.2.3"], "1.2.3", id="an equal version is not higher"),
    pytest.param("major", {}, "v1.2.3", ["1.2.4"], "1.2.4", id="with and without v"),
    pytest.param("major", {}, "1.2.3", ["2", "2.1", "1.3.0"], "1.3.0", id="three parts are wanted"),
    pytest.param("minor", {}, "1.2", ["1.2", "1.2.0"], "1.2", id="a floating tag does not move to its equal"),
    pytest.param("minor", {}, "1.2", ["1.2", "1.3", "1.2.5"], "1.2.5", id="a floating tag moves to three parts"),
    pytest.param("patch", {}, "1.2.3-alpine", ["1.2.4", "1.2.4-slim", "1.2.4-alpine", "1.3.0-alpine"], "1.2.4-alpine", id="the same pre-release"),
    pytest.param("minor", {}, "1.2.3-alpine", ["1.9.0-alpine", "2.0.0-alpine"], "1.9.0-alpine", id="the next major's pre-release is left out"),
    pytest.param("minor", {}, "1.21-alpine3.18", ["1.22-alpine3.18", "1.22.1-alpine3.19"], "1.22-alpine3.18", id="dots of a pre-release are parts"),
    pytest.param("minor", {}, "1.2.3", ["1.3.0-rc.1", "1.2.4-alpine"], "1.2.3", id="from a release to a release"),
    pytest.param("minor", LOOSE, "1.2.3", ["1.3.0-rc.1", "1.2.4", "2.0.0-rc.1"], "1.3.0-rc.1", id="any pre-release in the major"),
    pytest.param("patch", LOOSE, "1.2.3-rc.1", ["1.2.3-rc.2", "1.2.3", "1.3.0-rc.1"], "1.2.3", id="from a pre-release to its release"),
    pytest.param("all", {}, "1.2.3", ["1.3.0", "2.0.0-rc.1"], "2.0.0-rc.1", id="all takes pre-releases"),
    pytest.param("all", {}, "1.2.3-alpine", ["1.2.4", "1.2.4-alpine"], "1.2.4", id="all leaves a pre-release"),
    pytest.param("all", {}, "1.2.3", ["2.0", "latest", "main"], "1.2.3", id="all wants versions"),
    pytest.param("all", {}, "main", ["1.0.0", "main"], "main", id="no version in use"),
    pytest.param("force", {}, "main-1", ["main-1", "main-2", "dev-3"], "dev-3", id="force takes the newest build"),
    pytest.param("force", SAME_TAG, "main", ["main", "main-2"], "main", id="force for the same tag"),
    pytest.param("glob:main-*", {}, "main-1", ["main-1", "main-2", "dev-3"], "main-2", id="glob"),
    pytest.param("glob:main-*", {}, "dev-3", ["main-1", "main-2", "dev-3"], "dev-3", id="what was pushed before is not pushed again"),
    pytest.param("regexp:[0-9]$", {}, "main-1", ["main-1", "dev-2", "dev-x"], "dev-2", id="regexp matches anywhere"),
    pytest.param("never", {}, "1.2.3", ["1.2.3", "1.2.4"], "1.2.3", id="never"),
    pytest.param("minr", {}, "1.2.3", ["1.2.3", "1.2.4"], "1.2.3", id="a mistake holds"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "current", "tags", "after"), OUTCOMES)
def test_which_tag_it_comes_to(text, options, current, tags, after):
    annotations = declare(keel(policy=text) | options)
    (declared,) = read_keel(annotations, make_fields([f"carts=app:{current}"])).declared
    assert select(declared.policy, current, tags) == after
