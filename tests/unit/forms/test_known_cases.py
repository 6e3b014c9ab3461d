"""What Flux v1 was seen to make of manifests: the same images are found, and no byte changes but theirs.

Extra to the tables, which stand without them.
"""

import json
from pathlib import Path

import pytest
import yaml

from automator.edit.apply import apply_changes
from automator.edit.set import plan_set
from automator.model.image import ImageReference
from automator.scan.file import scan_file

CASES = Path(__file__).parents[4] / "shared/cases/flux-v1.json"

pytestmark = pytest.mark.skipif(
    not CASES.is_file(), reason="no known behaviour of Flux v1 beside the project"
)


def cases(area, *keys):
    known = json.loads(CASES.read_text()) if CASES.is_file() else []
    return [
        pytest.param(case["input"], case["expected"], id=case["id"])
        for case in known
        if case["area"] == area and all(key in case["input"] for key in keys)
    ]


def written(before, image):
    """As it has to be: the reference alone, or the tag alone, in quotes where YAML would misread it."""
    tag = image.rpartition(":")[2]
    return before.replace("r/i:1", image).replace("tag: v1", f'tag: "{tag}"')


@pytest.mark.parametrize(
    ("given", "_expected"), cases("manifest-edit.kubeyaml-quirk", "before", "image")
)
def test_an_edit_keeps_what_flux_v1_did_not(given, _expected):
    data = given["before"].encode()
    changes = plan_set(scan_file("a.yaml", data).fields, ImageReference.parse(given["image"]))
    assert apply_changes("a.yaml", data, changes).decode() == written(
        given["before"], given["image"]
    )


RELEASE = {"apiVersion": "helm.fluxcd.io/v1", "kind": "HelmRelease"}
MORE_THAN_FLUX = {
    "fluxv1-0277": ["image=bitnami/redis:5"],  # a tag that is a number
    "fluxv1-0279": ["image=bitnami/redis:1"],  # an empty registry
    "fluxv1-0281": ["a.b=bitnami/redis:1"],  # deeper than one map
    "fluxv1-0283": ["image=traefik:v1.7"],  # imageTag
    "fluxv1-0287": [],  # the digest is none: told
}


@pytest.mark.parametrize(
    ("given", "expected"),
    cases("helmrelease.values", "values"),
)
def test_images_of_a_release(given, expected, request):
    release = RELEASE | {
        "metadata": {"name": "a", "annotations": given["annotations"]},
        "spec": {"values": given["values"]},
    }
    data = yaml.safe_dump(release, sort_keys=False).encode()
    scan = scan_file("release.yaml", data)
    flux = [one.replace("chart-image=", "image=") for one in expected["containers"]]
    found = [f"{field.container}={field.image}" for field in scan.fields]
    assert sorted(found) == sorted(MORE_THAN_FLUX.get(request.node.callspec.id, flux))
    assert bool(scan.problems) == (not found and bool(expected["containers"]))
