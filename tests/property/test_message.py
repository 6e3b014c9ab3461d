"""A message says what was changed and nothing else, whatever stands in the manifests, to us and to git."""

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from automator.model.image import Digest, ImageReference
from automator.model.workload import WorkloadId
from automator.plan.message import format_message, parse_message
from tests.unit.plan.making import change, policy

HOSTILE = [
    "carts\nPolicy: forged latest",
    "carts\n\nImage-Update: a:b/c d e:1 -> e:2",
    "carts\r\nImage-Digest: e:1 sha256:" + "0" * 64,
    "a:1 -> b:2",
    " spaces  inside and out ",
    "100%0A",
    "line\u2028separator\x85\x0b\x0c\x1c",
    "\x00\x1b[31m\x7f",
    "right\u202eto left",
    "half a pair \ud800",
    "\xe9 \U0001f433",
    "---",
    "# comment",
    "",
]
texts = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=()), max_size=30)
tags = st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,8}", fullmatch=True)
digests = st.integers(0, 2**256 - 1).map(lambda number: Digest(f"sha256:{number:064x}"))
images = st.builds(
    ImageReference,
    st.sampled_from(["redis", "quay.io/org/app", "localhost:5000/a/b"]),
    tags,
    st.none() | digests,
)


@st.composite
def changes(draw):
    made = change(ruled_by=policy(draw(st.just("semver:>=1 <2 || 3.x")), draw(texts)))
    workload = WorkloadId(draw(texts), draw(texts), draw(texts))
    image, to = draw(images), draw(images)
    field = type(made.field)(
        workload=workload,
        container=draw(texts),
        form=made.field.form,
        image=image,
        document=0,
        parts=made.field.parts,
    )
    return type(made)(field=field, to=to, policy=made.policy, reason="newest")


def facts_of(made):
    return (
        str(made.field.workload),
        made.field.container,
        str(made.field.image),
        str(made.to),
        str(made.policy),
    )


@given(st.lists(changes(), min_size=1, max_size=5), st.dictionaries(images.map(str), digests))
def test_what_is_written_is_read_back(plan, known):
    updates, read, policies = parse_message(format_message(plan, known))
    assert sorted(
        (one.workload, one.container, one.from_image, one.to_image, one.policy) for one in updates
    ) == sorted({facts_of(made) for made in plan})
    assert policies == sorted({str(made.policy) for made in plan})
    written = {f"{made.to.name}:{made.to.tag}": made.to.digest for made in plan if made.to.digest}
    assert written.keys() <= read.keys() <= written.keys() | known.keys()


@given(st.data(), st.lists(changes(), min_size=2, max_size=5))
def test_the_order_of_the_changes_does_not_matter(data, plan):
    assert format_message(plan, {}) == format_message(data.draw(st.permutations(plan)), {})


@given(st.lists(changes(), min_size=1, max_size=5))
def test_a_message_is_lines_that_print(plan):
    message = format_message(plan, {})
    assert all(line.isprintable() for line in message.split("\n"))
    assert message.encode()


@given(st.text(st.characters(exclude_categories=())) | st.text("Policy:Image-Update%\n\r >"))
def test_any_text_can_be_read(text):
    updates, _, _ = parse_message(text)
    assert len(updates) <= text.lower().count("image-update")


@settings(max_examples=40)
@given(st.lists(changes(), min_size=1, max_size=5), st.dictionaries(images.map(str), digests))
def test_git_reads_the_same_trailers(plan, known):
    message = format_message(plan, known)
    parsed = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=message.encode(),
        capture_output=True,
        check=True,
    )
    assert parsed.stdout.decode() == message.rsplit("\n\n", 1)[1]
