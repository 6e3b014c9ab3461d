"""Which files of a config repo are its manifests."""

import pytest

from automator.config.paths import path_matcher

PATHS = [
    pytest.param(["**"], "a/b.yaml", True, id="everything"),
    pytest.param(["**"], ".hidden/b.yaml", True, id="hidden folders"),
    pytest.param(["deploy/"], "deploy/x/y.yaml", True, id="a folder"),
    pytest.param(["deploy/**"], "other/y.yaml", False, id="elsewhere"),
    pytest.param(["**", "!vendor/**"], "vendor/y.yaml", False, id="excluded"),
    pytest.param(["**"], ".github/workflows/ci.yaml", False, id="the forge's workflows"),
    pytest.param([".github/workflows/**"], ".github/workflows/ci.yaml", True, id="named"),
    pytest.param(["**"], "x/.github/a.yaml", True, id="a folder of that name elsewhere"),
]  # fmt: skip


@pytest.mark.parametrize(("patterns", "path", "wanted"), PATHS)
def test_paths(patterns, path, wanted):
    assert path_matcher(patterns)(path) is wanted
