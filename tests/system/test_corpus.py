"""Real manifests of public repositories, where they lie beside the project: an independent walker finds the same images,
and each can be set, and set back, with no other byte changed.

Extra to the suite, which stands without them.
"""

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from automator.cli.local_manifests import read_directory
from automator.edit.apply import apply_changes
from automator.edit.set import plan_set, sort_out
from automator.model.field import Role
from automator.model.image import ImageReference
from tests.system.corpus_walker import images_of, read_policies
from tests.system.world import AUTOMATOR

CORPUS = Path(__file__).parents[3] / "shared/corpus"
FOLDERS = sorted(path for path in CORPUS.glob("*") if path.is_dir()) if CORPUS.is_dir() else []
NAMES = {"Kustomization", "Kptfile"}
NEW_TAG = "set-there"
NEW_DIGEST = "sha256:" + "5e7" * 21 + "d"

pytestmark = pytest.mark.skipif(
    not FOLDERS, reason="no corpus of real manifests beside the project"
)
folders = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)


def files_in(folder):
    """Bytes by path, as Git would name it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".yaml", ".yml", ".json"} or path.name in NAMES
    }


def automator(*args):
    return subprocess.run([*AUTOMATOR, *args], capture_output=True, text=True, check=False)


def target_for(image):
    """A new image of the same shape; one without a tag gets one."""
    tag = None if image.tag is None and image.digest is not None else NEW_TAG
    return ImageReference(image.name, tag, None if image.digest is None else NEW_DIGEST)


def text_of(part, to):
    """What a part is to read as, by what it holds now."""
    match part.role:
        case Role.REFERENCE:
            return str(to)
        case Role.TAG if "@" in part.value:
            return f"{to.tag}@{to.digest}"
        case Role.TAG:
            return to.tag
        case Role.DIGEST if ":" in part.value:
            return to.digest
        case Role.DIGEST:
            return to.digest.partition(":")[2]
        case _:
            return part.value


def splice_at_places(data, changes):
    """The expected bytes, from places and old values alone."""
    text = data.decode()
    starts = [0, *(found.end() for found in re.finditer(r"\n", text))]
    bom = text.startswith("\ufeff")
    wanted = {}
    for change in changes:
        for part in change.field.parts:
            line, column = part.location.line, part.location.column
            offset = starts[line - 1] + column - 1 + (bom and line == 1)
            begin = offset + text.startswith(('"', "'"), offset)
            assert text.startswith(part.value, begin), part
            wanted[begin] = (part.value, text_of(part, change.to))
    for begin, (old, new) in sorted(wanted.items(), reverse=True):
        text = text[:begin] + new + text[begin + len(old) :]
    return text.encode()


@folders
def test_the_command_and_the_walker_find_the_same_images(folder):
    files = files_in(folder)
    policies = read_policies(files)
    expected = Counter(
        (path, image) for path, data in files.items() for image in images_of(path, data, policies)
    )
    done = automator("images", str(folder), "-o", "json")
    assert done.returncode == 0, done.stderr
    found = Counter((shape["path"], shape["image"]) for shape in json.loads(done.stdout))
    assert (expected - found, found - expected) == (Counter(), Counter())


@folders
def test_setting_an_image_changes_exactly_its_characters(folder):
    manifests = read_directory(folder)
    for path in manifests.files:
        data = (folder / path).read_bytes()
        fields = manifests.fields(path)
        for shape in {target_for(field.image) for field in fields}:
            same = [field for field in fields if target_for(field.image) == shape]
            changes, refused = sort_out(plan_set(same, shape))
            assert all("there is no place for the tag" in str(error) for error in refused)
            assert len(changes) + len(refused) == len(same)
            edited = apply_changes(path, data, changes)
            assert edited == splice_at_places(data, changes)
            assert (edited != data) == bool(changes)


def with_numbers_quoted(data, fields):
    """Where a tag is a number to YAML (`tag: 39`), setting it back puts it in quotes: it was a tag all the while."""
    text = data.decode()
    numbers = {
        part.span: part.value
        for field in fields
        for part in field.parts
        if part.role is Role.TAG and not part.nested
        if text[part.span.start : part.span.end] == part.value
        if not isinstance(yaml.safe_load(part.value), str)
    }
    for span, value in sorted(numbers.items(), reverse=True):
        text = f'{text[: span.start]}"{value}"{text[span.end :]}'
    return text.encode()


def edit_in_place(folder, path, changes):
    file = folder / path
    file.write_bytes(apply_changes(path, file.read_bytes(), changes))


@folders
def test_a_whole_folder_set_to_new_tags_and_back_is_the_same(folder, tmp_path):
    copied = tmp_path / folder.name
    shutil.copytree(folder, copied)
    before = read_directory(copied)
    expected = files_in(folder)
    for path in before.files:
        fields = before.fields(path)
        expected[path] = with_numbers_quoted(expected[path], fields)
        possible, _ = sort_out(
            [change for field in fields for change in plan_set([field], target_for(field.image))]
        )
        edit_in_place(copied, path, possible)
    there = read_directory(copied)
    for path in before.files:
        back = [
            change
            for old, new in zip(before.fields(path), there.fields(path), strict=True)
            for change in plan_set([new], old.image)
        ]
        edit_in_place(copied, path, back)
    assert files_in(copied) == expected


@pytest.mark.parametrize("name", ["podinfo", "wahooli-gitops"])
def test_the_command_sets_what_the_library_sets(name, tmp_path):
    copied = tmp_path / name
    shutil.copytree(CORPUS / name, copied)
    manifests = read_directory(copied)
    expected = files_in(copied)
    by_repository = {}
    for path in manifests.files:
        for field in manifests.fields(path):
            by_repository.setdefault(field.image.repository, []).append(field)
    repository, fields = max(by_repository.items(), key=lambda item: len(item[1]))
    target = ImageReference(str(repository), NEW_TAG)
    changes, refused = sort_out(plan_set(fields, target))
    for path in {change.field.location.path for change in changes}:
        here = [change for change in changes if change.field.location.path == path]
        expected[path] = splice_at_places(expected[path], here)

    done = automator("set", str(target), str(copied), "-o", "json")

    assert done.returncode == int(bool(refused))
    assert len(json.loads(done.stdout)) == len(changes) > 1
    assert files_in(copied) == expected
