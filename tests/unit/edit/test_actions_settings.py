"""Annotations set, changed and taken away by an object's name. What is taken away stands in «», what comes in its place in ⟦⟧.

Every row runs with LF, with CRLF, with a BOM, and without a final newline.
"""

import re

import pytest

from automator.edit.settings import object_names, set_annotations
from automator.errors import EditRefused
from automator.model.field import RepoPath
from automator.model.workload import WorkloadId
from tests.unit.edit.test_annotate import FORMS

PATH = RepoPath("a.yaml")
POD = WorkloadId("default", "pod", "a")
KEY = "automator.dev/locked"
HEAD = "kind: Pod\nmetadata:\n  name: a\n"
TAIL = "spec: {x: 1}\n"


def before_and_after(shown, form="LF"):
    before = re.sub("⟦[^⟧]*⟧", "", shown).replace("«", "").replace("»", "")
    after = re.sub("«[^»]*»", "", shown).replace("⟦", "").replace("⟧", "")
    return FORMS[form](before), FORMS[form](after)


GONE = {
    "the last of several": HEAD + '  annotations:\n    team: a\n«    automator.dev/locked: "true"\n»' + TAIL,
    "the first of several": HEAD + '  annotations:\n«    automator.dev/locked: "true"\n»    team: a\n' + TAIL,
    "the last lines": "spec: {x: 1}\n" + HEAD + '«  annotations:\n    automator.dev/locked: "true"\n»',
    "with the comment behind it": HEAD + '  annotations:\n    # ours\n«    automator.dev/locked: "true" # why\n»    # theirs\n    team: a\n' + TAIL,
    "the only one": HEAD + '«  annotations:\n    automator.dev/locked: "true"\n»' + TAIL,
    "the only one, before others": 'kind: Pod\nmetadata:\n«  annotations:\n    automator.dev/locked: "true"\n»  name: a\n' + TAIL,
    "a block scalar": HEAD + "  annotations:\n    team: a\n«    automator.dev/locked: |\n      one\n      two\n»  labels: {b: c}\n" + TAIL,
    "nothing": HEAD + "  annotations:\n    team: a\n«    automator.dev/locked:\n»" + TAIL,
    "an alias": HEAD + "  labels: {t: &t 'true'}\n  annotations:\n    team: a\n«    automator.dev/locked: *t # why\n»" + TAIL,
    "flow, the first": HEAD + '  annotations: {«automator.dev/locked: "true", »team: a}\n' + TAIL,
    "flow, the last": HEAD + '  annotations: { team: a«, automator.dev/locked: "true"» } # why\n' + TAIL,
    "flow, in the middle": HEAD + '  annotations: {team: a, «automator.dev/locked: "true" , »b: c}\n' + TAIL,
    "flow, the only one": "kind: Pod\nmetadata: {name: a«, annotations: {automator.dev/locked: 'true'}»}\n" + TAIL,
    "flow in block, the only one": HEAD + "«  annotations: {automator.dev/locked: 'true'}\n»" + TAIL,
    "JSON": '{"kind": "Pod",\n"metadata": {"name": "a",\n  "annotations": {\n    "x": "y"«,\n    "automator.dev/locked": "true"»\n  }}}\n',
    "of a pod template: not there": HEAD + TAIL.replace("1", "{template: {metadata: {annotations: {automator.dev/locked: 'true'}}}}"),
    "not there": HEAD + "  annotations: {team: a}\n" + TAIL,
    "item of a List": 'kind: List\nitems:\n- kind: Pod\n  metadata:\n    name: a\n«    annotations:\n      automator.dev/locked: "true"\n»- kind: Pod\n  metadata: {name: b, annotations: {automator.dev/locked: "true"}}\n',
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", GONE)
def test_only_the_annotation_is_taken_away(row, form):
    before, after = before_and_after(GONE[row], form)
    assert set_annotations(PATH, before, POD, {KEY: None}) == after


CHANGED = {
    "double quotes": HEAD + '  annotations:\n    automator.dev/locked: "«false»⟦true⟧"   # why\n' + TAIL,
    "single quotes": HEAD + "  annotations:\n    'automator.dev/locked': '«false»⟦true⟧'\n" + TAIL,
    "a boolean": HEAD + '  annotations:\n    automator.dev/locked: «false»⟦"true"⟧\n' + TAIL,
    "plain": HEAD + '  annotations:\n    automator.dev/locked: «no way»⟦"true"⟧\n' + TAIL,
    "a block scalar": HEAD + "  annotations:\n    automator.dev/locked: |- # why\n      «false»⟦true⟧\n    team: a\n" + TAIL,
    "a block scalar that ends its line": HEAD + '  annotations:\n    automator.dev/locked: «|\n      false»⟦"true"⟧\n    team: a\n' + TAIL,
    "nothing": HEAD + '  annotations:\n    automator.dev/locked:⟦ "true"⟧\n    team: a\n' + TAIL,
    "an alias": HEAD + '  labels: {t: &t no}\n  annotations:\n    automator.dev/locked: «*t»⟦"true"⟧ # why\n' + TAIL,
    "flow": HEAD + "  annotations: {automator.dev/locked: '«false»⟦true⟧', team: a}\n" + TAIL,
    "new": HEAD + '  annotations:\n    team: a\n⟦    automator.dev/locked: "true"\n⟧' + TAIL,
    "no annotations": HEAD + '⟦  annotations:\n    automator.dev/locked: "true"\n⟧' + TAIL,
    "a pod template's stays": HEAD + '⟦  annotations:\n    automator.dev/locked: "true"\n⟧' + TAIL.replace("1", "{template: {metadata: {annotations: {automator.dev/locked: 'no'}}}}"),
    "other documents": "kind: Pod\nmetadata: {name: b, annotations: {automator.dev/locked: 'no'}}\n---\n" + HEAD + "  annotations: {automator.dev/locked: '«no»⟦true⟧'}\n---\na: [\n",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", CHANGED)
def test_only_the_annotation_is_set(row, form):
    before, after = before_and_after(CHANGED[row], form)
    assert set_annotations(PATH, before, POD, {KEY: "true"}) == after


@pytest.mark.parametrize("row", CHANGED)
def test_what_is_so_already_stays(row):
    _, after = before_and_after(CHANGED[row])
    assert set_annotations(PATH, after, POD, {KEY: "true"}) == after


def test_several_at_once():
    before, after = before_and_after(
        HEAD + "  annotations: {«a: '1', b: '2', »c: '«3»⟦4⟧'«, d: '5'»⟦, e: \"6\"⟧}\n" + TAIL
    )
    wanted = {"a": None, "b": None, "c": "4", "d": None, "e": "6"}
    assert set_annotations(PATH, before, POD, wanted) == after


REFUSED = {
    "shared by an alias": ("kind: List\nitems:\n- kind: Pod\n  metadata: {name: a, annotations: &x {automator.dev/locked: no}}\n- kind: Pod\n  metadata: {name: b, annotations: *x}\n", "through an alias"),
    "a value that is read elsewhere": (HEAD + "  annotations: {automator.dev/locked: &x no}\n  labels: {x: *x}\n", "alias elsewhere"),
    "brought by a merge key": ("x: &x {annotations: {automator.dev/locked: no}}\n" + HEAD + "  <<: *x\n", "through an alias"),
    "twice": (HEAD + "  annotations: {automator.dev/locked: no, automator.dev/locked: yes}\n", "stands twice"),
    "no text": (HEAD + "  annotations: {automator.dev/locked: [a]}\n", "is no text"),
    "a tag of its own": (HEAD + "  annotations: {automator.dev/locked: !!bool no}\n", "would become"),
    "sealed": (HEAD + "sops: {mac: x}\n", "no place for an annotation"),
    "another object": ("kind: Pod\nmetadata: {name: b}\n", "no place for an annotation"),
}  # fmt: skip


@pytest.mark.parametrize("row", REFUSED)
def test_what_would_change_more_is_refused(row):
    text, why = REFUSED[row]
    with pytest.raises(EditRefused, match=why) as refused:
        set_annotations(PATH, text.encode(), POD, {KEY: "true"})
    assert refused.value.location.startswith("a.yaml")


NOT_TAKEN = {
    "a comment that would go, too": (HEAD + "  annotations: # ours\n    automator.dev/locked: no\n", "more than the annotation"),
    "a comment between two": (HEAD + "  annotations: {\n    a: b, # why\n    automator.dev/locked: no }\n", "more than a comma"),
    "an explicit key": (HEAD + "  annotations:\n    ? automator.dev/locked\n    : no\n    a: b\n", "stands before it"),
    "an anchor that is read elsewhere": (HEAD + "  annotations: {a: b, automator.dev/locked: &x no}\nspec: *x\n", "parse no more"),
}  # fmt: skip


@pytest.mark.parametrize("row", NOT_TAKEN)
def test_what_cannot_be_taken_away_alone_is_refused(row):
    text, why = NOT_TAKEN[row]
    with pytest.raises(EditRefused, match=why):
        set_annotations(PATH, text.encode(), POD, {KEY: None})


def test_the_objects_that_have_a_place():
    text = HEAD + "---\nkind: Kustomization\napiVersion: kustomize.config.k8s.io/v1\nmetadata: {name: k}\n---\nimage: a\n---\nkind: Pod\nmetadata: {namespace: x, generateName: g-}\n---\nkind: Pod\nmetadata: {name: {{ x }}}\n---\nkind: Pod\nmetadata: {labels: {a: b}}\n"  # fmt: skip
    names = object_names(PATH, text.encode())
    assert names == {POD, WorkloadId("x", "pod", "g-")}
