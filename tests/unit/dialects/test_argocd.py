"""Argo CD Image Updater: what its annotations say, which image fields they reach, and what is held or left."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from automator.dialects.argocd import read_argocd
from automator.dialects.argocd_settings import ARGOCD_PREFIX
from automator.model.field import (
    Declaration,
    FileScan,
    Form,
    ImageField,
    Location,
    ManifestObject,
    ObjectValue,
    Part,
    Role,
    Span,
)
from automator.model.image import Digest, ImageReference
from automator.model.policy import PolicyKind, VersionScheme
from automator.model.tags import ImageFacts, Observed, TagList
from automator.model.workload import WorkloadId
from automator.scan.file import is_manifest_path, scan_file
from automator.select.evaluate import evaluate

SHARED = Path(__file__).parents[4] / "shared"
NOW = datetime(2024, 6, 1, tzinfo=UTC)
FILE = "argocd/web.yaml"
WEB = WorkloadId("argocd", "application", "web")
GIT = {"write-back-method": "git"}
KUSTOMIZE = GIT | {"write-back-target": "kustomization"}
VALUES = GIT | {"write-back-target": "helmvalues"}


def make_field(image, container="web", form=Form.KUSTOMIZE, workload=WEB, path=FILE, line=20):
    part = Part(role=Role.TAG, span=Span(line, line + 1), value="1", location=Location(path, line, 9))  # fmt: skip
    return ImageField(
        workload=workload,
        container=container,
        form=form,
        image=ImageReference.parse(image),
        document=0,
        parts=(part,),
    )


def make_application(workload=WEB, **values):
    """Values by path, with `__` for a dot."""
    values = values or {"spec__source__path": "apps/web"}
    return ManifestObject(
        workload=workload,
        api_version="argoproj.io/v1alpha1",
        location=Location(FILE, 1, 1),
        values={
            at.replace("__", "."): ObjectValue(text, Location(FILE, 30 + line, 5))
            for line, (at, text) in enumerate(values.items())
        },
    )


def read(annotations, own=(), files=None, *, application=None, workload=WEB):
    """`own` are the fields of the Application's file, `files` those of others; annotations stand from line 1."""
    application = application or make_application(workload)
    scan = FileScan(
        path=FILE,
        fields=tuple(own),
        objects=(application,),
        declarations=tuple(
            Declaration(workload=workload, key=f"{ARGOCD_PREFIX}{key}", value=value, location=Location(FILE, line, 9))
            for line, (key, value) in enumerate(annotations.items(), 1)
        ),
    )  # fmt: skip
    scans = {FILE: scan}
    for path, fields in (files or {}).items():
        scans[path] = FileScan(path=path, fields=tuple(fields))
    return read_argocd(scans)


def mistakes_of(reading):
    return [str(problem) for problem in reading.problems if not problem.note]


def notes_of(reading):
    return [str(problem) for problem in reading.problems if problem.note]


def policy_of(annotations):
    reading = read(annotations, [make_field("nginx:1.0"), make_field("redis:7")])
    assert mistakes_of(reading) == []
    return reading.declared[FILE, 0].policy


UPDATES = [
    pytest.param({"image-list": "nginx"}, "semver:*", id="any version"),
    pytest.param({"image-list": "web=nginx"}, "semver:*", id="an alias"),
    pytest.param({"image-list": " web = nginx:1.16.x "}, "semver:1.16.x", id="blanks"),
    pytest.param({"image-list": "nginx:^1.2"}, "semver:^1.2", id="a constraint without an alias"),
    pytest.param({"image-list": "web=docker.io/library/nginx:~1.2"}, "semver:~1.2", id="Docker Hub spelled out"),
    pytest.param({"image-list": "web=docker.io/nginx:1.x"}, "semver:1.x", id="Docker Hub without library"),
    pytest.param({"image-list": "redis:7, web=nginx:1.x"}, "semver:1.x", id="one of several"),
    pytest.param({"image-list": "nginx:>=1.2"}, "semver:>=1.2", id="a constraint with an equals sign"),
    pytest.param({"image-list": "web=nginx:>=1.2 <2"}, "semver:>=1.2 <2", id="the same behind an alias"),
    pytest.param({"image-list": "web=nginx:1.x,"}, "semver:1.x", id="an empty entry"),
    pytest.param({"image-list": "nginx:1.x", "update-strategy": "semver"}, "semver:1.x", id="semver said"),
    pytest.param({"image-list": "nginx", "update-strategy": "newest-build"}, "latest", id="newest-build"),
    pytest.param({"image-list": "nginx", "update-strategy": "latest"}, "latest", id="its older name"),
    pytest.param({"image-list": "nginx", "update-strategy": "alphabetical"}, "alphabetical:asc", id="alphabetical"),
    pytest.param({"image-list": "nginx", "update-strategy": "name"}, "alphabetical:asc", id="its older name, name"),
    pytest.param({"image-list": "nginx:stable", "update-strategy": "digest"}, "digest:stable", id="digest"),
    pytest.param({"image-list": "nginx", "update-strategy": "digest"}, "digest:latest", id="digest of latest"),
    pytest.param({"image-list": "web=nginx:main", "update-strategy": "semver", "web.update-strategy": "digest"}, "digest:main", id="the alias's strategy is nearer"),
    pytest.param({"image-list": "web=nginx:1.x", "web.force-update": "true"}, "semver:1.x", id="force-update changes nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "update"), UPDATES)
def test_strategies_and_constraints(annotations, update):
    policy = policy_of(annotations)
    assert str(policy) == f"argocd-image-updater {update}"
    assert policy.allow_downgrade is True
    assert policy.versions is VersionScheme.SEMVER
    assert str(policy.source) == f"{FILE}:1:9"


OPTIONS = [
    pytest.param({"allow-tags": "any"}, lambda policy: policy.filter, None, id="any tag"),
    pytest.param({"web.allow-tags": "regexp:^v"}, lambda policy: bool(policy.filter), True, id="a filter"),
    pytest.param({"ignore-tags": "dev-*, *-rc?"}, lambda policy: policy.exclude, ("dev-*", "*-rc?"), id="ignored"),
    pytest.param({"web.ignore-tags": "[^v]*"}, lambda policy: policy.exclude, ("[!v]*",), id="Go's negated class"),
    pytest.param({"web.ignore-tags": "x", "ignore-tags": "y"}, lambda policy: policy.exclude, ("x",), id="the alias's own"),
    pytest.param({"web.platforms": "linux/arm64/v8"}, lambda policy: [str(p) for p in policy.platforms], ["linux/arm64/v8"], id="platform"),
    pytest.param({"web.platforms": "linux/arm64,linux/amd64"}, lambda policy: sorted(map(str, policy.platforms)), ["linux/amd64", "linux/arm64"], id="platforms"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "read_option", "expected"), OPTIONS)
def test_options(options, read_option, expected):
    assert read_option(policy_of({"image-list": "web=nginx"} | options)) == expected


def days(**built):
    """Tags by the day on which they were built, `_` for a dot."""
    facts = {
        tag.replace("_", "."): ImageFacts(
            digest=Digest(f"digest of {tag}"),
            created_at=datetime(2024, 1, day, tzinfo=UTC),
            first_seen_at=NOW,
        )
        for tag, day in built.items()
    }
    return Observed(tag_list=TagList(tags=tuple(facts)), facts=facts)


OUTCOMES = [
    pytest.param({"image-list": "nginx:1.x"}, days(v1_9=9, v1_10=1, v2_0=3), "v1.10", id="semver"),
    pytest.param({"image-list": "nginx"}, days(v1_0=1, v1_1=2, _1_2=3), "v1.1", id="what is no version does not count"),
    pytest.param({"image-list": "nginx:<1"}, days(v0_1=1, v0_2=1), "v0.2", id="a lower version than the one in use"),
    pytest.param({"image-list": "nginx", "update-strategy": "newest-build"}, days(a=5, b=7, c=1), "b", id="newest build"),
    pytest.param({"image-list": "web=nginx", "update-strategy": "newest-build", "web.allow-tags": "regexp:main-"}, days(xmain_1=5, b=7, c=1), None, id="a filter that nothing passes"),
    pytest.param({"image-list": "web=nginx", "update-strategy": "newest-build", "web.allow-tags": "regexp:ai"}, days(main1=5, main2=7, dev=9), "main2", id="a filter is not anchored"),
    pytest.param({"image-list": "nginx", "update-strategy": "alphabetical", "ignore-tags": "z*"}, days(a=5, b=1, z=9), "b", id="alphabetical, some ignored"),
    pytest.param({"image-list": "nginx:b", "update-strategy": "digest"}, days(a=5, b=1), "b", id="digest"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "observed", "tag"), OUTCOMES)
def test_outcomes(annotations, observed, tag):
    current = ImageReference("nginx", "1.5.0")
    assert evaluate(policy_of(annotations), current, observed, NOW).tag == tag


MISTAKES = [
    pytest.param({"image-list": "nginx:latest"}, "1:9: argocd-image-updater.argoproj.io/image-list: 'latest' is no version range", id="no range"),
    pytest.param({"image-list": "nginx:1.x <"}, "1:9: argocd-image-updater.argoproj.io/image-list: '<' is no version range", id="a bad range"),
    pytest.param({"image-list": "nginx:^1", "update-strategy": "digest"}, "1:9: argocd-image-updater.argoproj.io/image-list: '^1' is no tag", id="a digest's tag is no range"),
    pytest.param({"image-list": "nginx", "update-strategy": "newest"}, "2:9: argocd-image-updater.argoproj.io/update-strategy: 'newest' is no update strategy (did you mean ", id="unknown strategy"),
    pytest.param({"image-list": "web=nginx", "web.update-strategy": "x"}, "2:9: argocd-image-updater.argoproj.io/web.update-strategy: 'x' is no update strategy (known: ", id="unknown strategy of an alias"),
    pytest.param({"image-list": "nginx", "allow-tags": "^v"}, "2:9: argocd-image-updater.argoproj.io/allow-tags: '^v' is not known (regexp:EXPRESSION, or any)", id="a filter of no kind"),
    pytest.param({"image-list": "nginx", "allow-tags": "regexp:("}, "2:9: argocd-image-updater.argoproj.io/allow-tags: '(' is no regular expression", id="a bad filter"),
    pytest.param({"image-list": "nginx", "allow-tags": "regexp:"}, "2:9: argocd-image-updater.argoproj.io/allow-tags: 'regexp:' is not known", id="an empty filter"),
    pytest.param({"image-list": "nginx", "ignore-tags": "v1\\*"}, "2:9: argocd-image-updater.argoproj.io/ignore-tags: 'v1\\\\*' cannot be read", id="a backslash in a pattern"),
    pytest.param({"image-list": "nginx", "ignore-tags": "[z-a]"}, "2:9: argocd-image-updater.argoproj.io/ignore-tags: ", id="a bad pattern"),
    pytest.param({"image-list": "web=nginx", "web.platforms": "arm64"}, "2:9: argocd-image-updater.argoproj.io/web.platforms: 'arm64' is no platform", id="no platform"),
    pytest.param({"image-list": "nginx", "write-back-method": "push"}, "2:9: argocd-image-updater.argoproj.io/write-back-method: 'push' is not known (argocd, or git)", id="unknown method"),
    pytest.param({"image-list": "web=nginx,web=redis"}, "1:9: argocd-image-updater.argoproj.io/image-list: the alias 'web' stands twice", id="an alias twice"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "message"), MISTAKES)
def test_a_setting_that_cannot_be_read_is_told_and_holds(annotations, message):
    reading = read(annotations, [make_field("nginx:1.0"), make_field("redis:7")])
    (told,) = mistakes_of(reading)
    assert told.startswith(f"{FILE}:{message}")
    held = [key for key, one in reading.declared.items() if one.policy.update.kind is PolicyKind.NONE]  # fmt: skip
    assert len(held) == 1


WITHOUT_EFFECT = [
    pytest.param({"image-list": "nginx", "image-lst": "x"}, f"2:9: unknown annotation {ARGOCD_PREFIX}image-lst (did you mean {ARGOCD_PREFIX}image-list?)", id="unknown key"),
    pytest.param({"image-list": "web=nginx", "web.allow-tag": "any"}, f"2:9: unknown annotation {ARGOCD_PREFIX}web.allow-tag (did you mean {ARGOCD_PREFIX}web.allow-tags?)", id="unknown key of an alias"),
    pytest.param({"image-list": "web=nginx", "wev.allow-tags": "any"}, f"2:9: {ARGOCD_PREFIX}wev.allow-tags: image-list has no alias 'wev' (did you mean web?)", id="unknown alias"),
    pytest.param({"image-list": "web=nginx", "platforms": "linux/amd64"}, f"2:9: unknown annotation {ARGOCD_PREFIX}platforms (did you mean {ARGOCD_PREFIX}web.platforms?)", id="a key that only aliases have"),
    pytest.param({"update-strategy": "digest"}, f"1:9: {ARGOCD_PREFIX}image-list is missing (without it no image is updated)", id="no image-list"),
    pytest.param({"image-list": "web=nginx, x=NGINX"}, f"1:9: {ARGOCD_PREFIX}image-list: 'NGINX' is no image name", id="no image name"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "message"), WITHOUT_EFFECT)
def test_what_has_no_effect_is_told(annotations, message):
    reading = read(annotations, [make_field("nginx:1.0")])
    (told,) = mistakes_of(reading)
    assert told.startswith(f"{FILE}:{message}")
    kinds = [one.policy.update.kind for one in reading.declared.values()]
    assert kinds == ([PolicyKind.SEMVER] if "image-list" in annotations else [])


NOTES = [
    pytest.param({"pull-secret": "pullsecret:a/b"}, "pull-secret is not read here (say credentials under registries in automator.yaml)", id="pull-secret"),
    pytest.param({"web.pull-secret": "env:X"}, "web.pull-secret is not read here", id="an alias's pull-secret"),
    pytest.param({"git-branch": "main:image-{{range .Images}}{{.Name}}{{end}}"}, "git-branch is not read here", id="git-branch"),
    pytest.param({"git-repository": "https://x"}, "git-repository is not read here", id="git-repository"),
    pytest.param({"write-back-method": "git:secret:argocd/creds"}, "write-back-method: the secret is not read here", id="credentials for Git"),
    pytest.param({"write-back-target": "kustomization"}, "write-back-target has no effect: nothing is written to Git", id="a target without Git"),
    pytest.param({"update-strategy": "newest-build"}, "image-list: the constraint '1.x' has no meaning under newest-build", id="a constraint without meaning"),
    pytest.param({"web.ignore-tags": "regexp:^sha"}, "web.ignore-tags: 'regexp:^sha' matches no tag (shell patterns", id="an expression among patterns"),
    pytest.param({"web.platforms": "linux/arm64,linux/amd64"}, "web.platforms: an image must have all of these here", id="several platforms"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "message"), NOTES)
def test_what_is_not_honoured_is_noted_and_holds_nothing(annotations, message):
    reading = read({"image-list": "web=nginx:1.x"} | annotations, [make_field("nginx:1.0")])
    assert mistakes_of(reading) == []
    (note,) = notes_of(reading)
    assert f":9: {ARGOCD_PREFIX}{message}" in note
    assert reading.declared[FILE, 0].policy.update.kind is not PolicyKind.NONE


TEMPLATES = [
    pytest.param({"image-list": "web=nginx:{{constraint}}"}, id="constraint"),
    pytest.param({"image-list": "web=nginx", "update-strategy": "{{ .strategy }}"}, id="strategy"),
    pytest.param({"image-list": "web=nginx", "web.allow-tags": "regexp:{{x}}"}, id="filter"),
    pytest.param({"image-list": "web=nginx", "web.platforms": "{{x}}"}, id="platforms"),
]  # fmt: skip


@pytest.mark.parametrize("annotations", TEMPLATES)
def test_a_template_is_noted_and_holds(annotations):
    workload = WorkloadId("argocd", "applicationset", "web")
    application = make_application(workload, spec__template__spec__source__path="apps/web")
    own = [make_field("nginx:1.0", workload=workload)]
    reading = read(annotations, own, application=application, workload=workload)
    assert mistakes_of(reading) == []
    assert notes_of(reading)[0].endswith("is a template (left to Argo CD Image Updater)")
    assert reading.declared[FILE, 0].policy.update.kind is PolicyKind.NONE


def test_a_template_of_an_image_reaches_nothing():
    reading = read({"image-list": "web={{image}}"}, [make_field("nginx:1.0")])
    assert mistakes_of(reading) == []
    assert notes_of(reading) == [f"{FILE}:1:9: {ARGOCD_PREFIX}image-list: 'web={{{{image}}}}' is a template (left to Argo CD Image Updater)"]  # fmt: skip
    assert reading.declared == {}


K, H = Form.KUSTOMIZE, Form.HELM_VALUES
KUSTOMIZATION, VALUES_FILE, SOURCE_FILE = "apps/web/kustomization.yaml", "apps/web/values.yaml", "apps/web/.argocd-source-web.yaml"  # fmt: skip
REACHES = [
    pytest.param({}, {FILE: [("nginx:1", "web", H)]}, [(FILE, 0)], id="without Git: the Application's own"),
    pytest.param({"write-back-method": "argocd"}, {FILE: [("nginx:1", "web", H)]}, [(FILE, 0)], id="method argocd"),
    pytest.param({}, {FILE: [("redis:7", "r", H), ("nginx:1", "a", H), ("library/nginx:1", "b", K)]}, [(FILE, 1), (FILE, 2)], id="all of the image repository"),
    pytest.param({}, {FILE: [("nginx:1", "web", H)], KUSTOMIZATION: [("nginx:1", "nginx", K)]}, [(FILE, 0)], id="nothing else without Git"),
    pytest.param(GIT, {SOURCE_FILE: [("nginx:1", "nginx", K)], FILE: [("nginx:1", "web", H)]}, [(SOURCE_FILE, 0)], id="Git: the file beside the source"),
    pytest.param(GIT, {FILE: [("nginx:1", "web", H)]}, [(FILE, 0)], id="Git without that file: the Application's own"),
    pytest.param(GIT, {SOURCE_FILE: [("redis:1", "redis", K)], FILE: [("nginx:1", "web", H)]}, [(FILE, 0)], id="Git, another image in that file"),
    pytest.param(KUSTOMIZE, {KUSTOMIZATION: [("redis:1", "redis", K), ("nginx:1", "nginx", K)], FILE: [("nginx:1", "web", H)]}, [(KUSTOMIZATION, 1)], id="kustomization"),
    pytest.param(KUSTOMIZE, {"apps/web/Kustomization": [("nginx:1", "nginx", K)]}, [("apps/web/Kustomization", 0)], id="its other names"),
    pytest.param(KUSTOMIZE, {KUSTOMIZATION: [("nginx:1", "nginx", Form.POD_SPEC), ("nginx:1", "nginx", K)]}, [(KUSTOMIZATION, 1)], id="entries, not patches"),
    pytest.param(GIT | {"write-back-target": "kustomization:../base"}, {"apps/base/kustomization.yaml": [("nginx:1", "nginx", K)]}, [("apps/base/kustomization.yaml", 0)], id="a relative folder"),
    pytest.param(GIT | {"write-back-target": "kustomization:/base"}, {"base/kustomization.yml": [("nginx:1", "nginx", K)]}, [("base/kustomization.yml", 0)], id="an absolute folder"),
    pytest.param(VALUES, {VALUES_FILE: [("nginx:1", "image", H)]}, [(VALUES_FILE, 0)], id="helmvalues"),
    pytest.param(GIT | {"write-back-target": "helmvalues:./prod.yaml"}, {"apps/web/prod.yaml": [("nginx:1", "image", H)]}, [("apps/web/prod.yaml", 0)], id="a relative file"),
    pytest.param(GIT | {"write-back-target": "helmvalues:/env/prod.yaml"}, {"env/prod.yaml": [("nginx:1", "image", H)]}, [("env/prod.yaml", 0)], id="an absolute file"),
    pytest.param(VALUES | {"web.helm.image-name": "api.image.repository", "web.helm.image-tag": "api.image.tag"}, {VALUES_FILE: [("nginx:1", "image", H), ("nginx:1", "api", H)]}, [(VALUES_FILE, 1)], id="the map of the Helm parameters"),
    pytest.param(VALUES | {"web.helm.image-name": "image.name"}, {VALUES_FILE: [("nginx:1", "image", H), ("nginx:1", "api", H)]}, [(VALUES_FILE, 0)], id="a map at the top"),
    pytest.param(VALUES | {"web.helm.image-name": "images[0].repository"}, {VALUES_FILE: [("nginx:1", "images.0", H), ("nginx:1", "images.1", H)]}, [(VALUES_FILE, 0)], id="an item of a list"),
    pytest.param(VALUES | {"web.helm.image-spec": "api.image"}, {VALUES_FILE: [("nginx:1", "image", H), ("nginx:1", "api", H)]}, [(VALUES_FILE, 1)], id="image-spec"),
    pytest.param(VALUES | {"web.helm.image-spec": "image"}, {VALUES_FILE: [("nginx:1", "image", H), ("nginx:1", "api", H)]}, [(VALUES_FILE, 0)], id="image-spec at the top"),
    pytest.param(VALUES | {"web.helm.image-tag": "elsewhere.tag"}, {VALUES_FILE: [("nginx:1", "image", H)]}, [(VALUES_FILE, 0)], id="parameters that lead nowhere: by the image"),
    pytest.param(KUSTOMIZE | {"web.kustomize.image-name": "base"}, {KUSTOMIZATION: [("nginx:1", "nginx", K), ("nginx:1", "base", K)]}, [(KUSTOMIZATION, 1)], id="the name in the base"),
    pytest.param(KUSTOMIZE | {"web.kustomize.image-name": "BASE"}, {KUSTOMIZATION: [("nginx:1", "NO", K), ("nginx:1", "BASE", K)]}, [(KUSTOMIZATION, 1)], id="a placeholder in the base"),
    pytest.param(KUSTOMIZE | {"web.kustomize.image-name": "docker.io/base/a"}, {KUSTOMIZATION: [("nginx:1", "base/a", K)]}, [(KUSTOMIZATION, 0)], id="the name in the base, in another spelling"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "fields", "reached"), REACHES)
def test_which_fields_are_reached(annotations, fields, reached):
    files = {
        path: [make_field(image, name, form, path=path, line=20 + n) for n, (image, name, form) in enumerate(found)]
        for path, found in fields.items()
    }  # fmt: skip
    own = files.pop(FILE, ())
    reading = read({"image-list": "web=nginx:1.x"} | annotations, own, files)
    assert mistakes_of(reading) == []
    assert list(reading.declared) == reached
    assert {str(one.policy.update) for one in reading.declared.values()} == {"semver:1.x"}


def test_all_sources_are_looked_at_and_charts_have_no_path():
    application = make_application(
        spec__sources__0__chart="web",
        spec__sources__1__path="./one",
        spec__sources__2__path="two",
        spec__sources__2__kustomize__path="three",
    )
    files = {path: [make_field("nginx:1", path=path)] for path in ("two/kustomization.yaml", "three/kustomization.yaml")}  # fmt: skip
    reading = read({"image-list": "nginx"} | KUSTOMIZE, (), files, application=application)
    assert list(reading.declared) == [("two/kustomization.yaml", 0)]


def test_the_fields_of_other_applications_are_not_its_own():
    other = WorkloadId("argocd", "application", "other")
    own = [make_field("nginx:1", workload=other), make_field("nginx:1")]
    assert list(read({"image-list": "nginx"}, own).declared) == [(FILE, 1)]


SET = WorkloadId("argocd", "applicationset", "webs")


def test_an_application_set_says_it_in_its_template():
    application = make_application(
        SET, spec__template__spec__source__path="apps/web", spec__template__metadata__name="front"
    )
    path = "apps/web/.argocd-source-front.yaml"
    files = {path: [make_field("nginx:1", path=path)]}
    reading = read({"image-list": "nginx"} | GIT, (), files, application=application, workload=SET)
    assert reading.problems == ()
    assert list(reading.declared) == [(path, 0)]


UNREACHED = [
    pytest.param(KUSTOMIZE, {}, False, f"no image field of ghcr.io/x in {KUSTOMIZATION} (automator writes existing image fields only)", id="no entry"),
    pytest.param(VALUES, {}, False, f"no image field of ghcr.io/x in {VALUES_FILE}", id="no values"),
    pytest.param(GIT, {}, False, f"no image field of ghcr.io/x in {SOURCE_FILE} or argocd:application/web", id="no file beside the source"),
    pytest.param({}, {}, True, "no image field of ghcr.io/x in argocd:application/web (without write-back-method git, nothing else is written to Git)", id="without Git it is nobody's mistake"),
    pytest.param(KUSTOMIZE, {"spec__source__chart": "web"}, False, "no image field of ghcr.io/x in any source path", id="a chart alone"),
    pytest.param(KUSTOMIZE, {"spec__source__path": "apps/{{name}}"}, True, "no image field of ghcr.io/x in apps/{{name}}/kustomization.yaml (templates are left to Argo CD)", id="a template's path"),
    pytest.param(GIT | {"write-back-target": "helmvalues:/{{p}}/v.yaml"}, {}, True, "no image field of ghcr.io/x in {{p}}/v.yaml", id="a template's target"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "values", "note", "message"), UNREACHED)
def test_an_image_that_reaches_no_field_is_told(annotations, values, note, message):
    application = make_application(**values)
    reading = read({"image-list": "ghcr.io/x"} | annotations, application=application)
    (problem,) = reading.problems
    assert (problem.note, reading.declared) == (note, {})
    assert str(problem).startswith(f"{FILE}:1:9: {message}")


def test_an_unknown_target_is_told():
    reading = read({"image-list": "nginx"} | GIT | {"write-back-target": "values"}, [make_field("nginx:1")])  # fmt: skip
    assert f"{FILE}:3:9: {ARGOCD_PREFIX}write-back-target: 'values' is not known" in mistakes_of(reading)[0]  # fmt: skip
    assert reading.declared == {}


@pytest.mark.parametrize(("options", "entry", "message"), [
    pytest.param({"web.kustomize.image-name": "base"}, ("other/nginx:1", "base"), "this entry is other/nginx; image-list wants nginx for it", id="the base's name stands for another image"),
    pytest.param({}, ("mirror.example/nginx:1", "nginx"), "this entry is mirror.example/nginx; image-list wants nginx", id="newName is a mirror"),
])  # fmt: skip
def test_an_entry_that_stands_for_another_image_is_told_and_held(options, entry, message):
    files = {KUSTOMIZATION: [make_field(*entry, path=KUSTOMIZATION)]}
    reading = read({"image-list": "web=nginx"} | KUSTOMIZE | options, (), files)
    (told,) = mistakes_of(reading)
    assert told.startswith(f"{KUSTOMIZATION}:20:9: {message}")
    assert reading.declared[KUSTOMIZATION, 0].policy.update.kind is PolicyKind.NONE


def test_two_policies_for_one_field_are_told_and_hold_it():
    reading = read({"image-list": "a=nginx:1.x,b=nginx:2.x"}, [make_field("nginx:1")])
    (told,) = mistakes_of(reading)
    assert told.startswith(f"{FILE}:1:9: the image field at {FILE}:20:9 has another policy")
    assert reading.declared[FILE, 0].policy.update.kind is PolicyKind.NONE


def test_one_policy_said_twice_is_one():
    reading = read({"image-list": "a=nginx:1.x,b=nginx:1.x"}, [make_field("nginx:1")])
    assert reading.problems == ()
    assert str(reading.declared[FILE, 0].policy.update) == "semver:1.x"


def test_annotations_of_other_kinds_have_no_effect():
    reading = read({"image-list": "nginx"}, workload=WorkloadId("shop", "deployment", "web"))
    (told,) = mistakes_of(reading)
    assert "has no effect on shop:deployment/web (Argo CD Image Updater reads Applications)" in told


def test_an_annotation_that_template_and_object_say_differently_is_told():
    declarations = tuple(
        Declaration(workload=WEB, key=f"{ARGOCD_PREFIX}image-list", value=value, location=Location(FILE, line, 9))
        for line, value in ((1, "nginx:1.x"), (7, "nginx:2.x"))
    )  # fmt: skip
    scan = FileScan(path=FILE, fields=(make_field("nginx:1"),), declarations=declarations)
    reading = read_argocd({FILE: scan})
    assert mistakes_of(reading) == [f"{FILE}:7:9: {ARGOCD_PREFIX}image-list says something else than in line 1 (say it once)"]  # fmt: skip
    assert str(reading.declared[FILE, 0].policy.update) == "semver:1.x"


def test_files_without_its_annotations_say_nothing():
    other = Declaration(
        workload=WEB, key="fluxcd.io/automated", value="true", location=Location(FILE, 1, 9)
    )
    scan = FileScan(
        path=FILE,
        fields=(make_field("nginx:1"),),
        objects=(make_application(),),
        declarations=(other,),
    )
    reading = read_argocd({FILE: scan})
    assert (reading.declared, reading.problems) == ({}, ())


def test_real_applications():
    root = SHARED / "corpus/image-updater-examples"
    if not root.is_dir():
        pytest.skip("no real manifests here")
    files = {}
    for file in sorted(root.rglob("*")):
        path = str(file.relative_to(root))
        if file.is_file() and is_manifest_path(path):
            files[path] = scan_file(path, file.read_bytes())
    reading = read_argocd(files)
    reached = {
        (path, str(files[path].fields[number].image.repository)): str(one.policy.update)
        for (path, number), one in reading.declared.items()
    }
    source = "image-list-kustomize/source/.argocd-source-image-list-kustomize.yaml"
    assert reached == {
        ("helmvalues-list/source2/values.yaml", "docker.io/bitnami/nginx"): "semver:1.27.x",
        (source, "docker.io/bitnami/nginx"): "digest:latest",
        (source, "docker.io/library/nginx"): "digest:latest",
        ("write-helmvalues/source2/values.yaml", "docker.io/bitnamilegacy/nginx"): "semver:1.27.x",
    }
    assert all("no image field of" in told for told in mistakes_of(reading))
