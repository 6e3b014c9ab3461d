"""However deep YAML text stands in scalars, and however it is quoted there, exactly the planned words change."""

import re

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from automator.edit.apply import apply_changes
from automator.model.field import Form, ImageField, Location, Part, RepoPath, Role, Span
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.model.workload import WorkloadId
from automator.yamltext.nodes import Broken, Text, parse_documents

PATH = RepoPath("a.yaml")
POLICY = Policy(name="p", update=Expression(PolicyKind.LATEST, "", "latest"))
KEY = re.compile(r"^k[0-9]+:", re.MULTILINE)
WORD = re.compile(r"old[0-9]+x")
# {} is a word that stands nowhere else.
LINES = (
    "k{}: {}", "k{}: '{}'", 'k{}: "{}"', 'k{}: "\\u00e9: {}"', "k{}: it''s={};ü={}", "k{}: {{a: {}, b: ['{}']}}",
    "k{}: &a{} {} # remark", "# é: remark", "", "k{}: |\n  run {}\n\n   {}\n", "k{}: >-\n  a={}\n  b={}\n", "k{}: >+\n  {}\n\n  {}\n\n",
    "k{}: {}\n  and {}", 'k{}: "{} \\\n  {}"', "k{}:\n  - {}\n  - {{}}",
)  # fmt: skip


@st.composite
def nested(draw, depth=0):
    """YAML text with words, in which further texts stand."""
    lines = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=4))
    if depth < 3 and draw(st.booleans()):
        dumped = yaml.dump(
            {"k{}": draw(nested(depth + 1))},
            Dumper=draw(st.sampled_from([yaml.SafeDumper, yaml.CSafeDumper])),
            default_style=draw(st.sampled_from([None, "'", '"', "|", ">"])),
            width=draw(st.sampled_from([10, 80, 10**6])),
            indent=draw(st.integers(2, 5)),
            allow_unicode=draw(st.booleans()),
        )
        # Braces stay what they are when words are put in.
        at = draw(st.integers(0, len(lines)))
        lines.insert(
            at, dumped.rstrip("\n") if at == len(lines) and draw(st.booleans()) else dumped
        )
    return "\n".join(lines)


@st.composite
def files(draw):
    text = draw(nested())
    count = iter(range(10_000))
    text = re.sub(
        r"(k|&a)?\{\}",
        lambda found: f"{found[1] or 'old'}{next(count)}{'' if found[1] else 'x'}",
        text,
    )
    text = text.replace("{{", "{").replace("}}", "}")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def parts(text, above=()):
    """Every word of every scalar, and of the texts that scalars hold."""
    whole = Text(text)
    for document in parse_documents(whole):
        if isinstance(document, Broken):
            continue
        todo = [document.root]
        while todo:
            node = todo.pop()
            if not isinstance(node, yaml.ScalarNode):
                todo += [
                    child
                    for item in node.value
                    for child in (item if isinstance(item, tuple) else [item])
                ]
                continue
            way = (*above, Span(*whole.scalar_span(document, node)))
            if KEY.search(node.value):
                yield from parts(node.value, way)
                continue
            for found in WORD.finditer(node.value):
                yield Part(
                    role=Role.TAG,
                    span=way[0],
                    value=found[0],
                    location=Location(PATH, 1, 1),
                    nested=way[1:],
                    within=None if found[0] == node.value else Span(*found.span()),
                )


def change(part, new):
    field = ImageField(
        workload=WorkloadId("n", "k", "w"),
        container="c",
        form=Form.HELM_VALUES,
        image=ImageReference("a", part.value),
        document=0,
        parts=(part,),
    )
    return Change(field=field, to=ImageReference("a", new), policy=POLICY, reason="")


@settings(max_examples=500)
@given(files(), st.data())
def test_exactly_the_planned_words_change(text, data):
    found = list(parts(text))
    assume(found)
    wanted = data.draw(st.lists(st.sampled_from(found), min_size=1, unique=True))
    new = data.draw(st.sampled_from(["new", "v1.2.3", "n-" + "x" * 100]))
    expected = text
    for part in wanted:
        assert text.count(part.value) == 1
        expected = expected.replace(part.value, new)
    changes = [change(part, new) for part in wanted]
    assert apply_changes(PATH, text.encode(), changes).decode() == expected
