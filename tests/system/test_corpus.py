"""Real manifests of public repositories, where they lie beside the project: every image found can be set and set back.

Extra to the suite, which stands without them.
"""

from pathlib import Path

import pytest

from automator.edit.apply import apply_changes
from automator.edit.set import plan_set
from automator.model.image import ImageReference
from automator.scan.file import is_manifest_path, scan_file

CORPUS = Path(__file__).parents[3] / "shared/corpus"
FOLDERS = sorted(path for path in CORPUS.glob("*") if path.is_dir()) if CORPUS.is_dir() else []

pytestmark = pytest.mark.skipif(
    not FOLDERS, reason="no corpus of real manifests beside the project"
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_image_can_be_set_and_set_back(folder):
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or not is_manifest_path(path.name):
            continue
        data = path.read_bytes()
        for field in scan_file(path.name, data).fields:
            if field.image.tag is None and field.image.digest is None:
                continue
            there = plan_set([field], ImageReference(field.image.name, "set-there"))
            edited = apply_changes(path.name, data, there)
            assert edited != data
            moved = next(
                f for f in scan_file(path.name, edited).fields if f.location == field.location
            )
            back = plan_set([moved], field.image)
            assert apply_changes(path.name, edited, back) == data
