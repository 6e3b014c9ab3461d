"""`automator migrate` on a folder: what it shows, writes and leaves, and how it ends."""

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

KEEL = """\
kind: Deployment
metadata:
  name: web
  annotations:
    keel.sh/policy: {policy}
spec: {{template: {{spec: {{containers: [{{name: web, image: 'shop/web:1.2.3'}}]}}}}}}
"""
FORCE, MISTAKE = KEEL.format(policy="force"), KEEL.format(policy="sometimes")
MIGRATED = FORCE.replace("force\n", 'force\n    automator.dev/policy: "latest"\n')
SHAPE = {"path": "web.yaml", "line": 5, "column": 21, "key": "automator.dev/policy", "value": "latest"}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


def migrate(*args):
    command = [sys.executable, "-m", "automator", "migrate", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_shows_and_writes_nothing(folder):
    (folder / "web.yaml").write_text(FORCE)
    done = migrate(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Place          Key                   Value",
        "web.yaml:5:21  automator.dev/policy  latest",
    ]
    assert (folder / "web.yaml").read_text() == FORCE


def test_json(folder):
    (folder / "web.yaml").write_text(FORCE)
    done = migrate(folder, "-o", "json")
    assert json.loads(done.stdout) == [SHAPE]


def test_the_shape_of_a_comment_and_of_a_file_without_a_folder(folder):
    (folder / "app.yaml").write_text(
        "kind: Application\napiVersion: argoproj.io/v1alpha1\nmetadata:\n  name: web\n  annotations:\n"
        "    argocd-image-updater.argoproj.io/image-list: shop/web\n"
        "    argocd-image-updater.argoproj.io/update-strategy: newest-build\n"
        "    argocd-image-updater.argoproj.io/write-back-method: git\n"
        "    argocd-image-updater.argoproj.io/write-back-target: helmvalues\n"
        "spec: {source: {path: ''}}\n"
    )
    (folder / "values.yaml").write_text("web:\n  image: shop/web:1\n")
    done = migrate(folder, "-o", "json")
    (shape,) = json.loads(done.stdout)
    assert (shape["path"], shape["line"], shape["column"]) == ("values.yaml", 2, 10)
    assert shape["key"] == "# automator"
    assert shape["value"].startswith("{update: latest, ")


def test_write(folder):
    path = folder / "web.yaml"
    path.write_text(FORCE)
    path.chmod(0o640)
    done = migrate(folder, "--write")
    assert (done.returncode, done.stderr) == (0, "")
    assert path.read_text() == MIGRATED
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in folder.iterdir()] == ["web.yaml"]

    again = migrate(folder, "--write", "-o", "json")
    assert (again.returncode, json.loads(again.stdout)) == (0, [])
    assert path.read_text() == MIGRATED


def test_one_file_alone(folder):
    path = folder / "web.yaml"
    path.write_text(FORCE)
    assert migrate(path, "--write").returncode == 0
    assert path.read_text() == MIGRATED


def test_what_is_left_ends_with_1_and_does_not_keep_its_neighbours(folder):
    (folder / "bad.yaml").write_text(MISTAKE)
    (folder / "web.yaml").write_text(FORCE)
    done = migrate(folder, "--write", "-o", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == [SHAPE]
    assert (folder / "bad.yaml").read_text() == MISTAKE
    assert (folder / "web.yaml").read_text() == MIGRATED
    mistake, left = done.stderr.splitlines()
    assert mistake.startswith("automator: bad.yaml:5:21: keel.sh/policy: 'sometimes' is no policy")
    assert left.startswith("automator: bad.yaml:6:58: left as it is: it is held")


def test_nothing_to_do(folder):
    (folder / "a.yaml").write_text("a: b\n")
    done = migrate(folder, "--write")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["Place  Key  Value"]


def test_a_folder_that_is_not_there(folder):
    done = migrate(folder / "absent")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"automator: {folder / 'absent'} does not exist"]


def test_a_link_is_passed_over(folder, tmp_path):
    (tmp_path / "outside.yaml").write_text(FORCE)
    (folder / "web.yaml").symlink_to(tmp_path / "outside.yaml")
    assert migrate(folder, "--write").returncode == 0
    assert (folder / "web.yaml").is_symlink()
    assert (tmp_path / "outside.yaml").read_text() == FORCE


ADDED = re.compile(r"^ +automator\.dev/[^\n]*\n|# *automator: [^\n]*(?=\n|$)", re.MULTILINE)
MARKER = re.compile(r'# *\{"\$imagepolicy"[^\n]*')
REPOS = {
    "wahooli-gitops": 43,
    "radix-flux": 0,
    "helm-operator-get-started": 3,
    "image-updater-examples": 4,
}


@pytest.mark.parametrize("name", REPOS)
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_real_config_repos(folder, name):
    """What is written is all that changed: without it, and without markers, the files are the old ones."""
    shutil.copytree(CORPUS / name, folder / name, symlinks=True)
    done = migrate(folder / name, "--write", "-o", "json")
    shapes = json.loads(done.stdout)
    assert len(shapes) == REPOS[name]
    changed = {
        path.relative_to(folder / name).as_posix(): path
        for path in (folder / name).rglob("*")
        if path.is_file()
        and path.read_bytes() != (CORPUS / name / path.relative_to(folder / name)).read_bytes()
    }
    assert changed.keys() == {shape["path"] for shape in shapes}
    for relative, path in changed.items():
        old, new = (CORPUS / name / relative).read_text(), path.read_text()
        assert bare(new) == bare(old)
    assert json.loads(migrate(folder / name, "--write", "-o", "json").stdout) == []


def bare(text):
    return re.sub(r"[ \t]+$", "", MARKER.sub("", ADDED.sub("", text)), flags=re.MULTILINE)
