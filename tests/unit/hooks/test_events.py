"""What each sender writes, and what of it is a push."""

import copy
import json
from urllib.parse import urlencode

import pytest

from automator.hooks.request import MOST_EVENTS, Accepted, Unreadable
from automator.model.image import ImageRepository
from automator.model.registry import PushEvent
from tests.unit.hooks import payloads
from tests.unit.hooks.making import prove, pushes, receiver, request

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("kind", "document", "expected"), payloads.DOCUMENTED)
async def test_a_push_as_the_sender_documents_it(kind, document, expected):
    assert await pushes(kind, document) == expected


@pytest.mark.parametrize(("kind", "document", "expected"), payloads.DOCUMENTED)
async def test_a_configured_registry_stands_instead_of_the_host_told(kind, document, expected):
    hosts_replaced = ["mirror:5000/" + name.partition("/")[2] for name in expected]
    assert await pushes(kind, document, registry="mirror:5000") == hosts_replaced


def changed(document, path, value):
    """A copy with another value at `a.b.0.c`."""
    other = copy.deepcopy(document)
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    at = other
    for key in parents:
        at = at[key]
    at[last] = value
    return other


NO_PUSHES = [
    ("acr", payloads.ACR, "action", "delete"),
    ("acr", payloads.ACR, "action", "ping"),
    ("artifactory", payloads.ARTIFACTORY, "event_type", "deleted"),
    ("artifactory", payloads.ARTIFACTORY, "domain", "artifact"),
    ("cloudevents", payloads.CLOUDEVENT, "type", "com.example.image.deleted"),
    ("cloudevents", payloads.EVENT_GRID, "type", "Microsoft.ContainerRegistry.ImageDeleted"),
    ("distribution", payloads.DISTRIBUTION, "events.1.action", "pull"),
    ("dockerhub", payloads.DOCKER_HUB, "push_data", None),
    ("ecr", payloads.ECR, "detail.action-type", "DELETE"),
    ("ecr", payloads.ECR, "detail.result", "FAILURE"),
    ("ecr", payloads.ECR, "detail-type", "ECR Image Scan"),
    ("gar", payloads.GAR_DATA, "action", "DELETE"),
    ("gar", payloads.GAR, "message.data", payloads.pubsub({"action": "DELETE"})["message"]["data"]),
    ("generic", payloads.GENERIC, "image", ""),
    ("gitea", payloads.GITEA, "action", "deleted"),
    ("gitea", payloads.GITEA, "package.type", "npm"),
    ("github", payloads.GITHUB, "action", "deleted"),
    ("github", payloads.GITHUB, "registry_package.package_type", "npm"),
    ("harbor", payloads.HARBOR, "type", "PULL_ARTIFACT"),
    ("harbor", payloads.HARBOR_CLOUDEVENT, "type", "harbor.artifact.pulled"),
    ("nexus", payloads.NEXUS, "action", "DELETED"),
    ("nexus", payloads.NEXUS, "component.format", "maven2"),
    ("quay", payloads.QUAY, "updated_tags", None),
    ("zot", payloads.ZOT, "type", "zotregistry.image.deleted"),
    ("zot", payloads.ZOT, "type", "zotregistry.repository.created"),
]


@pytest.mark.parametrize(("kind", "document", "path", "value"), NO_PUSHES)
async def test_what_is_no_push_is_accepted_and_tells_nothing(kind, document, path, value):
    assert await pushes(kind, document) != []
    assert await pushes(kind, changed(document, path, value)) == []


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("github", {"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {}}),
        ("gitlab", {"object_kind": "push", "repository": {"name": "carts"}, "ref": "main"}),
        ("ecr", {"Type": "UnsubscribeConfirmation", "Token": "x"}),
        ("distribution", {"events": []}),
        ("generic", None),
        ("generic", [1, "text", None, [], {}]),
    ],
)
async def test_other_messages_of_the_sender_are_accepted(kind, document):
    assert await pushes(kind, document) == []


@pytest.mark.parametrize(
    ("kind", "document", "path", "value", "expected"),
    [
        ("distribution", payloads.DISTRIBUTION, "events.1.target.tag", "", "registry.example.com:5000/shop/carts:"),
        ("dockerhub", payloads.DOCKER_HUB, "repository.repo_name", "redis", "docker.io/library/redis:1.2"),
        ("ecr", payloads.ECR, "region", "cn-north-1", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/shop/carts:1.2"),
        ("ecr", payloads.ECR, "detail.image-tag", None, f"{payloads.ECR_HOST}/shop/carts:"),
        ("gar", payloads.GAR_DATA, "tag", None, "europe-west1-docker.pkg.dev/shop-prod/images/carts:"),
        ("gitea", payloads.GITEA, "package.version", payloads.DIGEST, "git.example.com:3000/shop/carts:"),
        ("github", payloads.GITHUB, "registry_package.package_version", None, "ghcr.io/shop/carts:"),
        ("github", payloads.GITHUB, "registry_package.name", "charts/web", "ghcr.io/shop/charts/web:1.2"),
        ("harbor", payloads.HARBOR, "event_data.resources.0.resource_url", f"harbor.example.com/shop/carts@{payloads.DIGEST}", "harbor.example.com/shop/carts:1.2"),
        ("zot", payloads.ZOT, "data.reference", payloads.DIGEST, "registry.example.com/shop/carts:"),
    ],
)  # fmt: skip
async def test_other_values(kind, document, path, value, expected):
    assert await pushes(kind, changed(document, path, value)) == [expected]


@pytest.mark.parametrize("tags", [["1.2", "1", "latest"], {"1.2": "id", "1": "id", "latest": "id"}])
async def test_quay_names_all_tags_of_a_push(tags):
    several = changed(payloads.QUAY, "updated_tags", tags)
    assert await pushes("quay", several) == [f"quay.io/shop/carts:{tag}" for tag in tags]


async def test_harbor_may_leave_out_the_url():
    bare = changed(payloads.HARBOR, "event_data.resources.0", {"tag": "1.2"})
    assert await pushes("harbor", bare) == []
    assert await pushes("harbor", bare, registry="hub.example.com") == [
        "hub.example.com/shop/carts:1.2"
    ]


@pytest.mark.parametrize(
    ("document", "registry", "expected"),
    [
        ({"repository": "quay.io/shop/carts", "tag": "1.2"}, None, "quay.io/shop/carts:1.2"),
        ({"repository": "quay.io/shop/carts"}, None, "quay.io/shop/carts:"),
        ({"image": f"quay.io/shop/carts@{payloads.DIGEST}"}, None, "quay.io/shop/carts:"),
        ({"image": "redis:8"}, None, "docker.io/library/redis:8"),
        ({"image": "redis:8"}, "quay.io", "quay.io/redis:8"),
        ({"image": "docker.io/redis:8"}, "quay.io", "quay.io/library/redis:8"),
        ({"image": "registry:5000/carts:1"}, None, "registry:5000/carts:1"),
        ({"image": "registry:5000/carts:1"}, "quay.io", "quay.io/carts:1"),
        ({"image": "[fd00::1]:5000/carts:1"}, None, "[fd00::1]:5000/carts:1"),
        ({"repository": "quay.io/shop/carts", "tag": "no tag"}, None, "quay.io/shop/carts:"),
    ],
)
async def test_the_generic_form(document, registry, expected):
    assert await pushes("generic", document, registry=registry) == [expected]


async def test_several_in_one_list_each_once():
    two = [payloads.GENERIC, {"image": "quay.io/shop/web:2"}, payloads.GENERIC]
    assert await pushes("generic", two) == [
        "registry.example.com/shop/carts:1.2",
        "quay.io/shop/web:2",
    ]


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("generic", {"image": "quay.io/Shop/Carts:1.2"}),
        ("generic", {"image": "quay.io/../carts:1.2"}),
        ("generic", {"image": "https://quay.io/shop/carts"}),
        ("generic", {"image": "quay.io/shop/" + "a" * 300}),
        ("generic", {"image": "\ud800"}),
        ("gitea", changed(payloads.GITEA, "package.html_url", "https://[/")),
        ("gitea", changed(payloads.GITEA, "package.html_url", None)),
        ("acr", changed(payloads.ACR, "request.host", "registry")),
        ("acr", changed(payloads.ACR, "target.repository", None)),
    ],
)
async def test_what_names_no_image_repository_is_left_out(kind, document):
    assert await pushes(kind, document) == []


async def test_cloudevents_in_binary_mode_have_their_attributes_in_headers():
    headers = {"ce-type": payloads.ZOT["type"], "ce-source": "zotregistry.dev", "ce-id": "1"}
    expected = ["registry.example.com/shop/carts:1.2"]
    assert await pushes("zot", payloads.ZOT["data"], headers=headers) == expected
    headers = {"ce-type": payloads.CLOUDEVENT["type"], "ce-subject": payloads.CLOUDEVENT["subject"]}
    assert await pushes("cloudevents", {}, headers=headers) == expected


@pytest.mark.parametrize(
    "data",
    [
        {"name": "shop/carts", "reference": "1.2"},
        {"image": "registry.example.com/shop/carts:1.2"},
        {"repository": "registry.example.com/shop/carts", "tag": "1.2"},
    ],
)
async def test_cloudevents_name_the_image_in_their_data(data):
    event = {**payloads.CLOUDEVENT, "subject": "of no use", "data": data}
    assert await pushes("cloudevents", event, registry="registry.example.com") == [
        "registry.example.com/shop/carts:1.2"
    ]


async def test_cloudevents_come_in_batches():
    batch = [payloads.CLOUDEVENT, payloads.EVENT_GRID]
    assert await pushes("cloudevents", batch) == [
        "registry.example.com/shop/carts:1.2",
        "shop.azurecr.io/shop/carts:1.2",
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe\xfd", b"payload=%7B%7D", b"[" * 200_000, b"1" * 10_000, b"\x1f\x8b"],
    ids=lambda body: repr(body[:8]),
)
async def test_what_is_not_json_is_unreadable(body):
    proven = prove("generic", request(None, raw=body))
    assert await receiver("generic").receive(proven) == Unreadable("the body is not JSON")


@pytest.mark.parametrize(
    ("kind", "document", "why"),
    [
        ("ecr", {"Type": "Notification", "Message": "hello"}, "the body is not JSON"),
        ("gar", {"message": {"data": "e30K" * 2}}, "the body is not JSON"),
        ("gar", {"message": {}}, "the body is not JSON"),
        ("gar", {"message": {"data": "abcde"}}, "the message's data is not base64"),
    ],
)
async def test_so_is_a_message_in_the_message(kind, document, why):
    proven = prove(kind, request(document))
    assert await receiver(kind).receive(proven) == Unreadable(why)


@pytest.mark.parametrize("kind", ["github", "gitea"])
async def test_forges_may_wrap_the_json_in_a_form(kind):
    document = {"github": payloads.GITHUB, "gitea": payloads.GITEA}[kind]
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode({"payload": json.dumps(document)}).encode()
    proven = prove(kind, request(None, raw=body, headers=headers))
    receipt = await receiver(kind).receive(proven)
    assert [event.repository.path for event in receipt.events] == ["shop/carts"]


async def test_there_is_a_limit_of_events():
    def images(count):
        return [{"image": f"quay.io/shop/carts:{number}"} for number in range(count)]

    assert len(await pushes("generic", images(MOST_EVENTS))) == MOST_EVENTS
    too_many = prove("generic", request(images(MOST_EVENTS + 1)))
    assert await receiver("generic").receive(too_many) == Unreadable(
        "there are more than 1000 events in it"
    )


async def test_an_event_is_a_repository_and_a_tag():
    body = json.dumps(payloads.QUAY).encode()
    receipt = await receiver("quay").receive(prove("quay", request(None, raw=body)))
    expected = PushEvent(ImageRepository("quay.io", "shop/carts"), "1.2")
    assert receipt == Accepted((expected,))
