"""Flux v1's annotations: what each container is declared to be, what is told, and which tag it comes to."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from automator.dialects.flux1 import read_flux1
from automator.model.field import Form
from automator.model.policy import Declared, Policy, VersionScheme
from automator.scan.annotations import FLUX1_PREFIXES
from automator.select.expression import parse_expression
from tests.unit.dialects.making_flux1_keel import (
    declare,
    make_fields,
    select,
    sourceless,
    told,
)

NOT_LATEST = ("[lL][aA][tT][eE][sS][tT]",)


def updated(policy):
    return Declared(automated=True, policy=policy)


def newest(text="glob:*", exclude=NOT_LATEST):
    return updated(
        Policy(
            name="fluxcd.io",
            update=parse_expression(text),
            exclude=exclude,
            allow_downgrade=True,
        )
    )


def anywhere(pattern):
    return newest(f"regex:(?s:.*?)(?:{pattern})(?s:.*)")


def versions(text):
    return updated(
        Policy(
            name="fluxcd.io",
            update=parse_expression(text, VersionScheme.SEMVER),
            versions=VersionScheme.SEMVER,
            allow_downgrade=True,
        )
    )


HELD = updated(Policy(name="fluxcd.io", update=parse_expression("none")))
OFF = Declared(automated=False)
ON = {"fluxcd.io/automated": "true"}
OLD_ON = {"flux.weave.works/automated": "true"}
TAG, FILTER, OLD_TAG = "fluxcd.io/tag.carts", "filter.fluxcd.io/carts", "flux.weave.works/tag.carts"


NOTHING = Declared()


def locked(reason="", declared=NOTHING):
    return replace(declared, locked=True, locked_reason=reason)


# (annotations, declared for the container `carts` at app:1.2.3, problems)
ONE_CONTAINER = [
    pytest.param({}, None, [], id="nothing said"),
    pytest.param(ON, newest(), [], id="automated, no filter"),
    pytest.param(OLD_ON, newest(), [], id="automated, older prefix"),
    pytest.param({"fluxcd.io/automated": "false"}, OFF, [], id="not automated"),
    pytest.param({"fluxcd.io/automated": "True"}, OFF,
        ['carts.yaml:1:5: fluxcd.io/automated: \'True\' is neither true nor false (nothing is automated; write "true" or "false", in quotes)'],
        id="True does not automate"),
    pytest.param({"fluxcd.io/automated": ""}, OFF,
        ['carts.yaml:1:5: fluxcd.io/automated: \'\' is neither true nor false (nothing is automated; write "true" or "false", in quotes)'],
        id="empty does not automate"),

    pytest.param(ON | {TAG: "glob:master-*"}, newest("glob:master-*"), [], id="glob"),
    pytest.param(ON | {TAG: "master-*"}, newest("glob:master-*"), [], id="glob without its prefix"),
    pytest.param(ON | {FILTER: "master-*"}, newest("glob:master-*"), [], id="filter.fluxcd.io"),
    pytest.param(OLD_ON | {OLD_TAG: "glob:stg-*"}, newest("glob:stg-*"), [], id="all in the older prefix"),
    pytest.param(ON | {OLD_TAG: "glob:stg-*"}, newest("glob:stg-*"), [], id="prefixes mixed"),
    pytest.param(ON | {TAG: "latest"}, newest("glob:latest", exclude=()), [], id="the tag latest, asked for"),
    pytest.param(ON | {TAG: "glob:latest"}, newest("glob:latest", exclude=()), [], id="the tag latest, asked for as a glob"),
    pytest.param(ON | {TAG: "late*"}, newest("glob:late*"), [], id="a glob that only matches latest"),
    pytest.param(ON | {TAG: "regexp:^latest$"}, newest("regex:^latest$"), [], id="a regex does not bring latest in"),
    pytest.param(ON | {TAG: "glob:v?.[0-9]"}, newest("glob:v[?].[[]0-9]"),
        ["carts.yaml:2:5: fluxcd.io/tag.carts: 'v?.[0-9]' matches no tag: none has '?' (* alone has a meaning in a glob of Flux v1)"],
        id="? and [ are themselves"),
    pytest.param(ON | {TAG: "SEMVER:*"}, newest("glob:SEMVER:*"),
        ["carts.yaml:2:5: fluxcd.io/tag.carts: 'SEMVER:*' matches no tag: none has ':' (did you mean semver:?)"],
        id="an unknown kind is a glob"),
    pytest.param(ON | {TAG: "regx:^v"}, newest("glob:regx:^v"),
        ["carts.yaml:2:5: fluxcd.io/tag.carts: 'regx:^v' matches no tag: none has ':' (did you mean regex:?)"],
        id="a misspelt kind is a glob"),
    pytest.param(ON | {TAG: ""}, HELD,
        ["carts.yaml:2:5: fluxcd.io/tag.carts: an empty glob matches no tag (* stands for every tag)"], id="empty filter"),
    pytest.param(ON | {TAG: "glob:"}, HELD,
        ["carts.yaml:2:5: fluxcd.io/tag.carts: an empty glob matches no tag (* stands for every tag)"], id="empty glob"),

    pytest.param(ON | {TAG: "semver:~1.0"}, versions("semver:~1.0"), [], id="semver"),
    pytest.param(ON | {TAG: "semver:*"}, versions("semver:*"), [], id="any version"),
    pytest.param(ON | {TAG: "semver:^1.2 || ~3"}, versions("semver:^1.2 || ~3"), [], id="two groups"),
    pytest.param(ON | {TAG: "semver:1.2 - 1.4"}, versions("semver:1.2 - 1.4"), [], id="a hyphen range"),
    pytest.param(ON | {TAG: "semver:01.2.x"}, versions("semver:01.2.x"), [], id="a leading zero"),
    pytest.param(ON | {TAG: "semver:>=1.0<2.0"}, versions("semver:>=1.0 <2.0"), [], id="comparisons without a blank"),
    pytest.param(ON | {TAG: "semver:>=1.2.3-0"}, versions("semver:>=1.2.3-0"), [], id="pre-releases named"),
    pytest.param(ON | {TAG: "semver:>=1.2.3-0 <2.0.0-0"}, versions("semver:>=1.2.3-0 <2.0.0-0"), [], id="pre-releases named everywhere"),
    pytest.param(ON | {TAG: "semver:>=1.2.3-0 !=1.2.5"}, versions("semver:>=1.2.3-0 !=1.2.5"), [], id="!= does not ask for pre-releases"),
    pytest.param(ON | {TAG: "semver: >= 1.0.0-rc.0, <1.0.1"}, versions("semver:>=1.0.0 <1.0.1"),
        ["carts.yaml:2:5: fluxcd.io/tag.carts: '>= 1.0.0-rc.0, <1.0.1' names a pre-release, yet takes none (in Flux v1 every comparison must name one)"],
        id="a pre-release named in vain"),
    pytest.param(ON | {TAG: "semver:*-0"}, versions("semver:*"),
        ["carts.yaml:2:5: fluxcd.io/tag.carts: '*-0' names a pre-release, yet takes none (in Flux v1 every comparison must name one)"],
        id="* names no pre-release"),
    pytest.param(ON | {TAG: "semver:>1.0.0-rc <=2.0.0-rc ~1 || ^3.0.0-0"}, versions("semver:>=1.0.0 <2.0.0 ~1 || ^3.0.0-0"),
        ["carts.yaml:2:5: fluxcd.io/tag.carts: '>1.0.0-rc <=2.0.0-rc ~1 || ^3.0.0-0' names a pre-release, yet takes none (in Flux v1 every comparison must name one)"],
        id="each group for itself"),
    pytest.param(ON | {TAG: "semver:1.0.0-rc, 1.x"}, versions("semver:<0.0.0 1.x"),
        ["carts.yaml:2:5: fluxcd.io/tag.carts: '1.0.0-rc, 1.x' names a pre-release, yet takes none (in Flux v1 every comparison must name one)"],
        id="a pre-release that no release equals"),
    pytest.param(ON | {TAG: "semver:=1.0.0-rc <2"}, versions("semver:<0.0.0 <2"),
        ["carts.yaml:2:5: fluxcd.io/tag.carts: '=1.0.0-rc <2' names a pre-release, yet takes none (in Flux v1 every comparison must name one)"],
        id="a range that nothing is in"),
    pytest.param(ON | {TAG: "semver:1.0.0 <"}, HELD,
        ["carts.yaml:2:18: fluxcd.io/tag.carts: '<' is no version range (as in ^1.2, ~1.2.3, >=1 <2 || 3.x)"],
        id="an invalid range holds"),
    pytest.param(ON | {TAG: "semver:"}, HELD,
        ["carts.yaml:2:5: fluxcd.io/tag.carts: semver lacks its argument (semver:...)"], id="an empty range holds"),

    pytest.param(ON | {TAG: "regexp:^v"}, anywhere("^v"), [], id="regexp"),
    pytest.param(ON | {TAG: "regex:[0-9]+$"}, anywhere("[0-9]+$"), [], id="regex"),
    pytest.param(ON | {TAG: "regex:(a"}, HELD,
        ["carts.yaml:2:11: fluxcd.io/tag.carts: '(a' is no regular expression: missing ): (a (the syntax is RE2's)"],
        id="an invalid regex holds"),
    pytest.param(ON | {TAG: "regex:a)(b"}, HELD,
        ["carts.yaml:2:11: fluxcd.io/tag.carts: 'a)(b' is no regular expression: unexpected ): a)(b (the syntax is RE2's)"],
        id="a regex that parentheses around it would complete"),

    pytest.param(ON | {"fluxcd.io/locked": "true"}, locked(declared=newest()), [], id="locked"),
    pytest.param({"fluxcd.io/locked": "true"}, locked(), [], id="locked, not automated"),
    pytest.param(ON | {"fluxcd.io/locked": "false"}, newest(), [], id="a lock that is off"),
    pytest.param({"flux.weave.works/locked": "true"}, locked(), [], id="locked, older prefix"),
    pytest.param({"fluxcd.io/locked": "yes"}, locked(),
        ['carts.yaml:1:5: fluxcd.io/locked: \'yes\' is neither true nor false (locked; write "true" or "false", in quotes)'],
        id="a lock that cannot be read is a lock"),
    pytest.param({"fluxcd.io/locked": "true", "fluxcd.io/locked_msg": "INC-1", "fluxcd.io/locked_user": "Ann <ann@example.com>"},
        locked("INC-1 (by Ann <ann@example.com>)"), [], id="why and by whom"),
    pytest.param({"fluxcd.io/locked": "true", "fluxcd.io/locked_msg": "INC-1"}, locked("INC-1"), [], id="why"),
    pytest.param({"fluxcd.io/locked": "true", "fluxcd.io/locked_user": "Ann"}, locked("by Ann"), [], id="by whom"),
    pytest.param({"fluxcd.io/locked_msg": "INC-1"}, None,
        ['carts.yaml:1:5: fluxcd.io/locked_msg has no effect: nothing is locked (fluxcd.io/locked: "true" locks)'],
        id="the reason of no lock"),

    pytest.param(ON | {"fluxcd.io/ignore": "true"}, OFF, [], id="ignored"),
    pytest.param({"fluxcd.io/ignore": "true"}, OFF, [], id="ignored, not automated"),
    pytest.param(ON | {"flux.weave.works/ignore": "true"}, OFF, [], id="ignored, older prefix"),
    pytest.param(ON | {"fluxcd.io/ignore": "false"}, newest(), [], id="not ignored"),
    pytest.param(ON | {"fluxcd.io/ignore": "sync_only"}, newest(),
        ["note: carts.yaml:2:5: fluxcd.io/ignore: sync_only concerns synchronisation alone: images are updated"],
        id="ignored by the synchronisation alone"),
    pytest.param(ON | {"fluxcd.io/ignore": "1"}, OFF,
        ['carts.yaml:2:5: fluxcd.io/ignore: \'1\' is neither true nor false (ignored; write "true" or "false", in quotes)'],
        id="what cannot be read is ignored"),

    pytest.param({TAG: "glob:*"}, None,
        ['carts.yaml:1:5: fluxcd.io/tag.carts has no effect: the workload is not automated (fluxcd.io/automated: "true" automates it)'],
        id="a filter that nothing automates"),
    pytest.param({"fluxcd.io/automated": "false", TAG: "glob:*"}, OFF,
        ['note: carts.yaml:2:5: fluxcd.io/tag.carts has no effect: the workload is not automated (fluxcd.io/automated: "true" automates it)'],
        id="a filter while automation is off"),
    pytest.param(ON | {"fluxcd.io/tag.cart": "semver:^1"}, newest(),
        ["carts.yaml:2:5: fluxcd.io/tag.cart: there is no container 'cart' (did you mean carts?)"],
        id="a filter for no container"),
    pytest.param(ON | {"filter.fluxcd.io/helloworld": "semver:^1 <"}, newest(),
        ["carts.yaml:2:5: filter.fluxcd.io/helloworld: there is no container 'helloworld' (known: carts)",
         "carts.yaml:2:15: filter.fluxcd.io/helloworld: '<' is no version range (as in ^1.2, ~1.2.3, >=1 <2 || 3.x)"],
        id="a mistake in a filter for no container"),
    pytest.param(ON | {TAG: "glob:a*", FILTER: "glob:b*"}, newest("glob:a*"),
        ["carts.yaml:3:5: filter.fluxcd.io/carts says something else than fluxcd.io/tag.carts in line 2, which counts (say it once)"],
        id="two filters"),
    pytest.param({OLD_TAG: "glob:b*", TAG: "glob:a*"} | ON, newest("glob:a*"),
        ["carts.yaml:1:5: flux.weave.works/tag.carts says something else than fluxcd.io/tag.carts in line 2, which counts (say it once)"],
        id="the newer prefix wins wherever it stands"),
    pytest.param({"flux.weave.works/automated": "false"} | ON, newest(),
        ["carts.yaml:1:5: flux.weave.works/automated says something else than fluxcd.io/automated in line 2, which counts (say it once)"],
        id="automated by the newer prefix"),
    pytest.param(ON | OLD_ON, newest(), [], id="the same said twice"),
    pytest.param(ON | {"fluxcd.io/automated#2": "false"}, newest(),
        ["carts.yaml:2:5: fluxcd.io/automated says something else than fluxcd.io/automated in line 1, which counts (say it once)"],
        id="a pod template says something else"),

    pytest.param({"fluxcd.io/automatd": "true"}, None,
        ["carts.yaml:1:5: unknown annotation fluxcd.io/automatd (did you mean fluxcd.io/automated?)"], id="misspelt"),
    pytest.param(ON | {"fluxcd.io/carts": "semver:^1"}, newest(),
        ["carts.yaml:2:5: unknown annotation fluxcd.io/carts (did you mean fluxcd.io/tag.carts?)"], id="a filter without tag."),
    pytest.param(ON | {"fluxcd.io/tag_all": "glob:*"}, newest(),
        ["carts.yaml:2:5: unknown annotation fluxcd.io/tag_all (a filter is for one container: fluxcd.io/tag.CONTAINER)"],
        id="a filter for all containers"),
    pytest.param({"fluxcd.io/sync-checksum": "0a1b"}, None,
        ["note: carts.yaml:1:5: fluxcd.io/sync-checksum has no meaning here: it is Flux v1's own record"], id="Flux's own record"),
    pytest.param({"label:fluxcd.io/automated": "true"}, None,
        ["carts.yaml:1:5: fluxcd.io/automated is a label: Flux v1 reads annotations alone"], id="a label"),
    pytest.param({"repository.fluxcd.io/carts": "image"}, None,
        ["carts.yaml:1:5: repository.fluxcd.io/carts has no effect: only a HelmRelease has image paths"],
        id="an image path on a Deployment"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "declared", "problems"), ONE_CONTAINER)
def test_one_container(annotations, declared, problems):
    reading = read_flux1(declare(annotations), make_fields(["carts=app:1.2.3"]))
    assert sourceless(reading.declared) == [declared]
    assert told(reading.problems) == problems


STUCK = "is left alone: {} has no tag in use to compare build times with (write one, or a filter semver:RANGE)"

SEVERAL_CONTAINERS = [
    pytest.param(ON | {TAG: "semver:^1"}, ["carts=app:1.2.3", "sidecar=proxy:3"], [versions("semver:^1"), newest()], [],
        id="each its filter"),
    pytest.param(ON, ["carts=app:1.2.3", "initContainers/wait=wait:1"], [newest(), newest()], [], id="init containers too"),
    pytest.param(ON, ["carts=app:1.2.3", "ephemeralContainers/debug=sh:1", "volumes/data=data:1"], [newest(), None, None], [],
        id="lists that Flux does not know"),
    pytest.param({"fluxcd.io/locked": "true"}, ["carts=app:1.2.3", "volumes/data=data:1"], [locked(), locked()], [],
        id="a lock is the whole workload's"),
    pytest.param(ON | {"fluxcd.io/locked": "true"}, ["carts=app:1.2.3", "volumes/data=data:1"], [locked(declared=newest()), locked()], [],
        id="a lock of an automated workload"),
    pytest.param(ON | {TAG: "regex:(", "fluxcd.io/tag.b": "v*"}, ["carts=app:1.2.3", "b=b:1"], [HELD, newest("glob:v*")],
        ["carts.yaml:2:11: fluxcd.io/tag.carts: '(' is no regular expression: missing ): ( (the syntax is RE2's)"],
        id="a mistake holds its container alone"),
    pytest.param(ON, [], [], ["carts.yaml:1:5: fluxcd.io/automated has no effect: there is no image that Flux v1 sees"],
        id="nothing to automate"),
    pytest.param(ON, ["carts=app"], [HELD], [f"carts.yaml:1:5: carts {STUCK.format('app')}"], id="no tag in use"),
    pytest.param(ON | {TAG: "regex:^v"}, ["carts=app"], [HELD], [f"carts.yaml:1:5: carts {STUCK.format('app')}"],
        id="no tag in use under a regex"),
    pytest.param(ON | {TAG: "semver:^1"}, ["carts=app"], [versions("semver:^1")], [], id="no tag in use under semver"),
    pytest.param(ON, ["carts=app@sha256:" + "a" * 64], [newest()], [], id="a digest alone is the plan's to explain"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "images", "declared", "problems"), SEVERAL_CONTAINERS)
def test_several_containers(annotations, images, declared, problems):
    reading = read_flux1(declare(annotations), make_fields(images))
    assert sourceless(reading.declared) == declared
    assert told(reading.problems) == problems


CHART = "filter.fluxcd.io/chart-image"

# (annotations, images of the values, what is declared for each, problems)
HELM_RELEASES = [
    pytest.param(ON, ["image=app:1"], [newest()], [], id="the image at the top"),
    pytest.param(ON | {CHART: "semver:~0.4"}, ["image=app:0.4.1"], [versions("semver:~0.4")], [], id="it is called chart-image"),
    pytest.param(ON | {"fluxcd.io/tag.image": "semver:~0.4"}, ["image=app:0.4.1"], [newest()],
        ["carts.yaml:2:5: fluxcd.io/tag.image: there is no container 'image' (did you mean chart-image?)"],
        id="and not image"),
    pytest.param(ON | {"fluxcd.io/tag.db": "semver:^5"}, ["image=app:1", "db=mysql:5.7"], [newest(), versions("semver:^5")], [],
        id="one map down"),
    pytest.param(ON, ["a.b=redis:5", "image=app:1"], [None, newest()], [], id="two maps down Flux sees nothing"),
    pytest.param(ON, ["a.b=redis:5"], [None],
        ["carts.yaml:1:5: fluxcd.io/automated has no effect: there is no image that Flux v1 sees"],
        id="nothing that Flux sees"),
    pytest.param(ON | {"filter.fluxcd.io/a.b": "semver:^5"}, ["a.b=redis:5", "image=app:1"], [None, newest()],
        ["carts.yaml:2:5: filter.fluxcd.io/a.b: there is no container 'a.b' (known: chart-image)"],
        id="a filter for what Flux does not see"),
    pytest.param({"fluxcd.io/ignore": "true"}, ["a.b=redis:5"], [OFF], [], id="ignored as a whole"),
    pytest.param(ON | {"repository.fluxcd.io/my.db": "a.image", "tag.fluxcd.io/my.db": "a.tag", "fluxcd.io/tag.my.db": "semver:^5"},
        ["my.db=redis:5"], [versions("semver:^5")], [], id="a path gives the name"),
    pytest.param(ON | {"image.fluxcd.io/image": "x"}, ["image=redis:5"], [newest()], [], id="a path that names it image"),
    pytest.param(ON | {"repository.fluxcd.io/db": "a.image"}, ["image=app:1"], [newest()],
        ["carts.yaml:2:5: repository.fluxcd.io/db: no image at 'a.image' in spec.values"], id="a path that leads nowhere"),
    pytest.param(ON | {"tag.fluxcd.io/db": "a.tag"}, ["image=app:1"], [newest()],
        ["carts.yaml:2:5: tag.fluxcd.io/db has no effect: it names no image (repository.fluxcd.io/db is missing)"],
        id="a path to a tag alone"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "images", "declared", "problems"), HELM_RELEASES)
def test_helm_release(annotations, images, declared, problems):
    fields = make_fields(images, "helmrelease", Form.HELM_VALUES)
    reading = read_flux1(declare(annotations, "helmrelease"), fields)
    assert sourceless(reading.declared) == declared
    assert told(reading.problems) == problems


def test_containers_inside_of_values_are_not_seen():
    fields = make_fields(["containers/carts=app:1"], "helmrelease", Form.POD_SPEC)
    assert read_flux1(declare(ON, "helmrelease"), fields).declared == (None,)


def test_a_policy_says_where_it_is_written():
    fields = make_fields(["carts=app:1.2.3", "sidecar=proxy:3"])
    carts, sidecar = read_flux1(declare(ON | {TAG: "semver:^1"}), fields).declared
    assert str(carts.policy.source) == "carts.yaml:2:5"
    assert str(sidecar.policy.source) == "carts.yaml:1:5"
    assert str(carts.policy) == "fluxcd.io semver:^1"


def test_every_known_prefix_is_read():
    """A key that is known and says nothing that is understood is told."""
    for prefix in FLUX1_PREFIXES:
        assert read_flux1(declare({f"{prefix}nothing": ""}), ()).problems


# (filter, the tag in use, the registry's tags from the oldest build to the newest, the tag after a pass)
OUTCOMES = [
    pytest.param(None, "master-a000001", ["master-a000001", "2"], "2", id="the newest build"),
    pytest.param(None, "2", ["2", "3", "latest"], "3", id="never to latest"),
    pytest.param(None, "2", ["2", "3", "Latest"], "3", id="never to Latest"),
    pytest.param("glob:*", "latest", ["1", "2", "latest"], "2", id="away from latest"),
    pytest.param("latest", "2", ["latest", "2"], "latest", id="to latest, asked for"),
    pytest.param("regex:latest", "2", ["latest", "2", "latest-3"], "latest-3", id="a regex leaves latest out"),
    pytest.param("regex:^latest$", "2", ["2", "latest"], "2", id="a regex for latest takes nothing"),
    pytest.param("glob:3.1.1-debian-9-*", "3.0.2-debian-9-r3", ["3.0.2-debian-9-r3", "3.1.1-debian-9-r0"], "3.1.1-debian-9-r0", id="a glob that leaves the one in use out"),
    pytest.param("glob:stg-*", "dev-9", ["stg-1", "stg-2", "dev-9"], "stg-2", id="an older build of those that match"),
    pytest.param("glob:v?", "v1", ["v1", "v2"], "v1", id="? is itself"),
    pytest.param("glob:[v]*", "v1", ["v1", "v2"], "v1", id="[ is itself"),
    pytest.param("glob:", "v1", ["v1", "v2"], "v1", id="a mistake holds"),
    pytest.param("regex:[0-9]+", "a1", ["a1", "b2c", "abc"], "b2c", id="a regex matches anywhere"),
    pytest.param("regexp:^v", "v1", ["v1", "v2", "1v"], "v2", id="a regex anchored by itself"),
    pytest.param("regexp:a|b$", "a1", ["a1", "1b", "bc"], "1b", id="alternatives are not torn apart"),
    pytest.param("regexp:(?i)RC", "1-rc1", ["1-rc1", "1-Rc2", "1"], "1-Rc2", id="a flag stays inside"),
    pytest.param("semver:*", "1.2.3", ["2.0.0", "1.3.0", "2.1.0-rc.1", "1.4"], "2.0.0", id="versions by version"),
    pytest.param("semver:~1.0", "1.0.1", ["1.0.1", "1.0.10", "1.0.9", "1.1.0"], "1.0.10", id="versions inside the range"),
    pytest.param("semver:~1.0", "2.0.0", ["1.0.9", "2.0.0"], "1.0.9", id="down to the range"),
    pytest.param("semver:*", "1.10", ["1.9.0", "1.10", "1.11"], "1.11", id="two parts are a version"),
    pytest.param("semver:*", "1.9.3", ["1.9.3", "1.10"], "1.10", id="fewer parts than the one in use"),
    pytest.param("semver:*", "1.0.0", ["1.0.0", "20230101"], "20230101", id="a date is a major version"),
    pytest.param("semver:*", "1.0.0-alpine", ["1.0.0-alpine", "1.0.1-alpine", "0.9.0"], "0.9.0", id="a variant is a pre-release"),
    pytest.param("semver:>=1.0.0-0", "1.0.0-alpine", ["1.0.0-alpine", "1.0.1-alpine", "1.0.1-slim"], "1.0.1-slim", id="pre-releases let in"),
    pytest.param("semver:*-0", "1.0.0", ["1.0.0", "1.0.1-rc.1"], "1.0.0", id="*-0 lets none in"),
    pytest.param("semver:>=1.0.0-0 <2", "1.0.0", ["1.0.0", "1.0.1-rc.1"], "1.0.0", id="one comparison without a pre-release lets none in"),
    pytest.param("semver:>=1.0.0-0 <2.0.0-0", "1.0.0", ["1.0.0", "1.0.1-rc.1", "2.0.0-rc.1"], "1.0.1-rc.1", id="both with one let them in"),
    pytest.param("semver:*", "main-abc", ["1.0.0", "main-abc"], "1.0.0", id="from no version to one"),
    pytest.param("semver:*", None, ["1.0.0", "1.1.0"], "1.1.0", id="from no tag to a version"),
    pytest.param(None, None, ["1.0.0", "1.1.0"], None, id="no tag, no build time"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "current", "tags", "after"), OUTCOMES)
def test_which_tag_it_comes_to(text, current, tags, after):
    annotations = ON if text is None else ON | {TAG: text}
    image = "carts=app" if current is None else f"carts=app:{current}"
    (declared,) = read_flux1(declare(annotations), make_fields([image])).declared
    assert select(declared.policy, current, tags) == after


CASES = Path(__file__).parents[4] / "shared/cases/flux-v1.json"
OBSERVED = [
    case
    for case in (json.loads(CASES.read_text()) if CASES.is_file() else [])
    if case["area"] == "tag-pattern.measured"
]


@pytest.mark.skipif(not OBSERVED, reason="no observed cases beside the project")
@pytest.mark.parametrize("case", OBSERVED, ids=lambda case: case["id"])
def test_what_a_pattern_was_observed_to_match(case):
    """Each tag alone against one that nothing takes; `latest` counts only where it is asked for."""
    text, expected = case["input"]["pattern"], set(case["expected"]["matches"])
    if not case["expected"]["is_latest_pattern"]:
        expected.discard("latest")
    fields = make_fields(["carts=app:none"])
    (declared,) = read_flux1(declare(ON | {TAG: text}), fields).declared
    tags = [tag for tag in case["input"]["tags"] if "+" not in tag]
    matched = {tag for tag in tags if select(declared.policy, "none", [tag]) == tag}
    assert matched == expected & set(tags)
