"""Any bytes give fields or a clear refusal; every field found is read again where the scan says that it stands."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from automator.edit.apply import apply_changes
from automator.edit.set import plan_set, sort_out
from automator.errors import EditRefused
from automator.scan.file import scan_file

# What YAML with images is made of, to be strung together in ways that nobody writes.
PIECES = (
    "kind: Pod\n", "kind: List\n", "metadata: {name: a}\n", "items:\n", "containers:\n", "- ", "  ", "image: ",
    "redis:1", "'redis:1'", '"re\\x64is:1"', "|-\n", ">\n", "&a ", "*a", "<<: *a", "!!str ", "!x ", "name: c", "\n", "\r\n",
    "---\n", "...\n", "%YAML 1.1\n", "{", "}", "[", "]", ", ", ": ", "? ", "# x\n", "{{ x }}", "${X}", "\ufeff", "\t",
    "\u2028", "\x00", "\x07", "status:\n", "sops: {}\n", "template:\n", "annotations: {automator.dev/policy: x}\n", "😀",
    "images:\n", "newTag: ", "newName: a/b\n", "digest: ", "repository: a/b\n", "registry: r.io\n", "tag: ", "1.10", "sidecarImage: ",
    "spec:\n", "values: |\n", "helm:\n", "kustomize:\n", "parameters:\n", "valuesObject:\n", "services:\n", "a=b/c:1\n", "patches:\n", "patch: |\n",
    "path: /a/image\n", "op: replace\n", "value: ", " # automator: latest\n", ' # {"$imagepolicy": "a:b:tag"}\n', "# renovate: x\n", "? ", "[*a, *a]",
)  # fmt: skip
HEADS = (
    "", "kind: Pod\nmetadata: {name: a}\ncontainers:\n- {image: x}\n", "services:\n  a:\n    image: a:1\n", "image: {repository: a, tag: '1'}\n",
    "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1\nimages:\n- {name: a, newTag: b}\n",
    "kind: HelmRelease\napiVersion: v2\nmetadata: {name: a}\nspec:\n  values:\n    image: a:1\n",
    "kind: Application\napiVersion: v1\nmetadata: {name: a}\nspec:\n  source:\n    helm:\n      values: |\n        image: a:1\n",
)  # fmt: skip
PATHS = ("a.yaml", "kustomization.yaml", ".argocd-source-a.yaml", "a b/&:c.json", "Kptfile")
pieces = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
texts = st.builds("{}{}".format, st.sampled_from(HEADS), pieces)
contents = st.one_of(
    st.binary(max_size=300).map(lambda data: b"image" + data),
    pieces.map(str.encode),
    texts.map(str.encode),
    texts.map(lambda text: ("\ufeff" + text.replace("\n", "\r\n")).encode()),
    texts.map(lambda text: text.encode("utf-16")),
)


@settings(max_examples=600)
@given(contents, st.sampled_from(PATHS))
def test_any_bytes_are_read_or_refused(data, path):
    scan = scan_file(path, data)
    assert not (scan.skipped and scan.fields)
    text = data.decode("utf-8", errors="replace")
    lines = text.count("\n") + text.count("\r") + text.count("\u2028") + text.count("\u2029") + 2
    for place in [
        found.location
        for found in (*scan.fields, *scan.markers, *scan.declarations, *scan.problems)
    ]:
        assert 1 <= place.line <= lines
        assert place.column >= 1


@settings(max_examples=600)
@given(texts, st.sampled_from(PATHS))
def test_a_part_reads_as_its_value_where_it_stands(text, path):
    for field in scan_file(path, text.encode()).fields:
        for part in field.parts:
            assert read_there(text, part) in {None, part.value}


def read_there(text, part):
    """Through the texts that lead to the part; None for a block scalar, whose end is not seen from within."""
    value = text
    for span in (part.span, *part.nested):
        written = value[span.start : span.end]
        if written[:1] in "|>":
            return None
        value = yaml.compose(written, yaml.CSafeLoader).value
    return value if part.within is None else value[part.within.start : part.within.end]


@settings(max_examples=600)
@given(texts, st.sampled_from(PATHS))
def test_what_was_found_is_edited_or_refused_and_then_found_again(text, path):
    data = text.encode()
    fields = scan_file(path, data).fields
    changes, _ = sort_out(
        [
            change
            for field in fields
            for change in plan_set([field], field.image.moved_to("2", None))
        ]
    )
    try:
        edited = apply_changes(path, data, changes)
    except EditRefused:
        return
    targets = {id(change.field): change.to for change in changes}
    expected = [targets.get(id(field), field.image) for field in fields]
    assert [field.image for field in scan_file(path, edited).fields] == expected
