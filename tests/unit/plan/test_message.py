"""The update commit's message: the exact text, and what is read back from it."""

import pytest

from automator.plan.message import RecordedUpdate, format_message, parse_message
from tests.unit.plan.making import NEW, OLD, change, policy

CARTS = "weaveworksdemos/carts"
ORDERS = {
    "to": "weaveworksdemos/orders:0.4.7",
    "image": "weaveworksdemos/orders:0.4.6",
    "workload": "sock-shop:deployment/orders",
    "container": "orders",
    "path": "deploy/orders.yaml",
}
QUEUE = {
    "to": "rabbitmq:3.8.1-management",
    "image": "rabbitmq:3.8.0-management",
    "workload": "sock-shop:statefulset/queue-master",
    "container": "rabbitmq",
    "ruled_by": policy("semver:^3", "annotation"),
}


def test_one_change():
    assert format_message([change()], {}) == (
        "Update weaveworksdemos/carts to 0.4.9 (sock-shop:deployment/carts)\n"
        "\n"
        "Image-Update: sock-shop:deployment/carts carts"
        " weaveworksdemos/carts:0.4.8 -> weaveworksdemos/carts:0.4.9\n"
        "Policy: sock-shop semver:^0.4\n"
    )


def test_one_change_whose_digest_is_known():
    message = format_message([change()], {f"{CARTS}:0.4.9": NEW, f"{CARTS}:0.4.8": OLD})
    assert message.splitlines()[2:] == [
        f"Image-Update: sock-shop:deployment/carts carts {CARTS}:0.4.8 -> {CARTS}:0.4.9",
        f"Image-Digest: weaveworksdemos/carts:0.4.9 {NEW}",
        "Policy: sock-shop semver:^0.4",
    ]


def test_several_changes_are_listed_and_stand_before_their_policy():
    digests = {"weaveworksdemos/orders:0.4.7": NEW}
    assert format_message([change(**QUEUE), change(**ORDERS), change()], digests) == (
        "Update 3 images in sock-shop (carts, orders, queue-master)\n"
        "\n"
        "- sock-shop:statefulset/queue-master rabbitmq:"
        " rabbitmq 3.8.0-management -> 3.8.1-management\n"
        "- sock-shop:deployment/carts carts: weaveworksdemos/carts 0.4.8 -> 0.4.9\n"
        "- sock-shop:deployment/orders orders: weaveworksdemos/orders 0.4.6 -> 0.4.7\n"
        "\n"
        "Image-Update: sock-shop:statefulset/queue-master rabbitmq"
        " rabbitmq:3.8.0-management -> rabbitmq:3.8.1-management\n"
        "Policy: annotation semver:^3\n"
        "Image-Update: sock-shop:deployment/carts carts"
        " weaveworksdemos/carts:0.4.8 -> weaveworksdemos/carts:0.4.9\n"
        "Image-Update: sock-shop:deployment/orders orders"
        " weaveworksdemos/orders:0.4.6 -> weaveworksdemos/orders:0.4.7\n"
        f"Image-Digest: weaveworksdemos/orders:0.4.7 {NEW}\n"
        "Policy: sock-shop semver:^0.4\n"
    )


def test_the_same_change_in_two_overlays_is_told_once():
    twice = [change(path="overlays/a.yaml"), change(path="overlays/b.yaml")]
    assert format_message(twice, {}) == format_message([change()], {})


def test_a_digest_is_told_once():
    both = [change(), change(container="sidecar", ruled_by=policy("latest", "a"))]
    assert format_message(both, {f"{CARTS}:0.4.9": NEW}).count("Image-Digest: ") == 1


def subject(*changes):
    return format_message(changes, {}).partition("\n")[0]


def workloads(count, namespace="sock-shop", **more):
    return [
        change(workload=f"{namespace}:deployment/workload-{n:02}", **more) for n in range(count)
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            [change(to=f"{CARTS}:stable@{NEW}", image=f"{CARTS}:stable@{OLD}")],
            "Update weaveworksdemos/carts:stable to sha256:a1a1a1a1a1a1 (sock-shop:deployment/carts)",
            id="the digest alone moves",
        ),
        pytest.param(
            [change(to=f"{CARTS}:0.4.9@{NEW}", image=f"{CARTS}:0.4.8@{OLD}")],
            "Update weaveworksdemos/carts to 0.4.9 (sock-shop:deployment/carts)",
            id="tag and digest move",
        ),
        pytest.param(
            [change(to=f"{CARTS}@{NEW}", image=f"{CARTS}@{OLD}")],
            "Update weaveworksdemos/carts to sha256:a1a1a1a1a1a1 (sock-shop:deployment/carts)",
            id="a digest without a tag",
        ),
        pytest.param(
            [change(), change(container="sidecar")],
            "Update weaveworksdemos/carts to 0.4.9 (sock-shop:deployment/carts)",
            id="one image in two containers",
        ),
        pytest.param(
            [change(), change(to="redis:5", image="redis:4", container="cache")],
            "Update 2 images in sock-shop:deployment/carts",
            id="two images of one workload",
        ),
        pytest.param(
            workloads(2),
            "Update weaveworksdemos/carts to 0.4.9 in 2 workloads (workload-00, ...)",
            id="one image in two workloads, room for one name",
        ),
        pytest.param(
            workloads(9, to="redis:5", image="redis:4"),
            "Update redis to 5 in 9 workloads (workload-00, workload-01, ...)",
            id="as many names as there is room for",
        ),
        pytest.param(
            [change(**ORDERS | {"workload": f"{n}:deployment/{n * 60}"}) for n in "ab"],
            "Update weaveworksdemos/orders to 0.4.7 in 2 workloads",
            id="no room for any name",
        ),
        pytest.param(
            [change(), change(**ORDERS | {"workload": "other:deployment/orders"})],
            "Update 2 images in 2 namespaces (orders, carts)",
            id="two namespaces",
        ),
    ],
)
def test_subjects(changes, expected):
    assert subject(*changes) == expected


def test_what_is_written_is_read_back():
    message = format_message([change(**QUEUE), change()], {f"{CARTS}:0.4.9": NEW})
    updates, digests, policies = parse_message(message)
    assert updates == [
        RecordedUpdate(
            "sock-shop:statefulset/queue-master",
            "rabbitmq",
            "rabbitmq:3.8.0-management",
            "rabbitmq:3.8.1-management",
            "annotation semver:^3",
        ),
        RecordedUpdate(
            "sock-shop:deployment/carts",
            "carts",
            f"{CARTS}:0.4.8",
            f"{CARTS}:0.4.9",
            "sock-shop semver:^0.4",
        ),
    ]
    assert digests == {f"{CARTS}:0.4.9": NEW}
    assert policies == ["annotation semver:^3", "sock-shop semver:^0.4"]


BLOCK = "Image-Update: a:b/c d e:1 -> e:2"
READ = [RecordedUpdate("a:b/c", "d", "e:1", "e:2")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Subject\n\n{BLOCK}", id="no final newline, no policy"),
        pytest.param(f"Subject\r\n\r\n{BLOCK}\r\n", id="CRLF"),
        pytest.param(f"Subject\n\n{BLOCK}\n\n\n", id="blank lines after"),
        pytest.param(f"Subject\n\nBody: x\n \t\n{BLOCK}\n", id="a line of blanks before"),
        pytest.param(f"Subject\n\n{BLOCK}\nSigned-off-by: A <a@b>\n", id="signed off"),
        pytest.param(f"Subject\n\n{BLOCK}\n(cherry picked from commit c0ffee)\n", id="picked"),
        pytest.param("Subject\n\nimage-update : a:b/c d e:1 -> e:2\n", id="as git reads keys"),
        pytest.param("Subject\n\nImage-Update: a:b/c\n d e:1 -> e:2\n", id="a folded line"),
        pytest.param(f"Subject\n\n{BLOCK}\nImage-Update: a:b/c d\n", id="a broken trailer beside"),
        pytest.param(f"Subject\n\n{BLOCK}\nImage-Digest: e:2 sha256:12\n", id="a broken digest"),
    ],
)
def test_read_from_messages_that_others_touched(text):
    assert parse_message(text) == (READ, {}, [])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("\n\n\n", id="blank"),
        pytest.param(BLOCK, id="a subject is no trailer"),
        pytest.param(f"Subject\n\n{BLOCK}\n\nsaid the bot\n", id="not the last paragraph"),
        pytest.param(f"Subject\n\nas in\n{BLOCK}\n", id="a quotation in prose"),
        pytest.param("Subject\n\n continued\n", id="a continuation of nothing"),
    ],
)
def test_messages_that_record_nothing(text):
    assert parse_message(text) == ([], {}, [])


def test_what_others_wrote_with_a_percent_sign_stays_as_it_is():
    updates, _, _ = parse_message("Subject\n\nImage-Update: a:b/c 50%ff e:1 -> e:2\n")
    assert updates == [RecordedUpdate("a:b/c", "50%ff", "e:1", "e:2")]
