"""What each sender writes when `1.2` of an image is pushed: its documented shape, with values of our own."""

import base64
import json

DIGEST = "sha256:" + "4f" * 32

DOCKER_HUB = {
    "callback_url": "https://registry.hub.docker.com/u/shop/carts/hook/2141b5bi5/",
    "push_data": {"pushed_at": 1767225600, "pusher": "ann", "tag": "1.2", "images": []},
    "repository": {
        "comment_count": 0,
        "date_created": 1767220000,
        "is_official": False,
        "is_private": True,
        "name": "carts",
        "namespace": "shop",
        "owner": "shop",
        "repo_name": "shop/carts",
        "repo_url": "https://registry.hub.docker.com/u/shop/carts/",
        "status": "Active",
    },
}

GITHUB = {
    "action": "published",
    "registry_package": {
        "id": 21,
        "name": "Carts",
        "namespace": "Shop",
        "ecosystem": "CONTAINER",
        "package_type": "CONTAINER",
        "html_url": "https://github.com/Shop/Carts/packages/21",
        "owner": {"login": "Shop", "id": 7, "type": "Organization"},
        "package_version": {
            "id": 34,
            "version": DIGEST,
            "package_url": "ghcr.io/shop/carts:1.2",
            "container_metadata": {
                "tag": {"name": "1.2", "digest": DIGEST},
                "labels": {"source": "https://github.com/Shop/Carts"},
                "manifest": {"media_type": "application/vnd.oci.image.manifest.v1+json"},
            },
        },
        "registry": {"type": "docker", "url": "https://ghcr.io/shop/carts"},
    },
    "organization": {"login": "Shop"},
    "repository": {"id": 5, "full_name": "Shop/Carts", "private": True},
    "sender": {"login": "ann"},
}
GITHUB_OLDER = {
    "action": "updated",
    "package": {
        "name": "carts",
        "namespace": "",
        "package_type": "container",
        "owner": {"login": "shop"},
        "package_version": {"container_metadata": {"tag": {"name": "1.2", "digest": DIGEST}}},
    },
}

QUAY = {
    "name": "carts",
    "repository": "shop/carts",
    "namespace": "shop",
    "docker_url": "quay.io/shop/carts",
    "homepage": "https://quay.io/repository/shop/carts",
    "updated_tags": ["1.2"],
}

HARBOR = {
    "type": "PUSH_ARTIFACT",
    "occur_at": 1767225600,
    "operator": "robot$ci",
    "event_data": {
        "resources": [
            {
                "digest": DIGEST,
                "tag": "1.2",
                "resource_url": "harbor.example.com/shop/carts:1.2",
            }
        ],
        "repository": {
            "date_created": 1767220000,
            "name": "carts",
            "namespace": "shop",
            "repo_full_name": "shop/carts",
            "repo_type": "private",
        },
    },
}
HARBOR_CLOUDEVENT = {
    "specversion": "1.0",
    "id": "66dade13",
    "requestid": "9d3a",
    "source": "/projects/1/webhook/policies/15",
    "type": "harbor.artifact.pushed",
    "datacontenttype": "application/json",
    "time": "2026-01-01T00:00:00Z",
    "data": HARBOR["event_data"],
    "operator": "robot$ci",
}

ACR = {
    "id": "cb8c3971-9adc-488b-xxxx-43cbb4974ff5",
    "timestamp": "2026-01-01T00:00:00.5Z",
    "action": "push",
    "target": {
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "size": 524,
        "digest": DIGEST,
        "length": 524,
        "repository": "shop/carts",
        "tag": "1.2",
    },
    "request": {
        "id": "3cbb6949-7549-4fa1-xxxx-a6d5451dffc7",
        "host": "shop.azurecr.io",
        "method": "PUT",
        "useragent": "docker/27.0",
    },
}
EVENT_GRID = {
    "id": "831e1650",
    "type": "Microsoft.ContainerRegistry.ImagePushed",
    "source": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/shop",
    "subject": "shop/carts:1.2",
    "time": "2026-01-01T00:00:00Z",
    "specversion": "1.0",
    "data": ACR,
}

ECR = {
    "version": "0",
    "id": "13cde686-328b-6117-af20-0e5566167482",
    "detail-type": "ECR Image Action",
    "source": "aws.ecr",
    "account": "123456789012",
    "time": "2026-01-01T00:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": {
        "result": "SUCCESS",
        "repository-name": "shop/carts",
        "image-digest": DIGEST,
        "action-type": "PUSH",
        "image-tag": "1.2",
    },
}
ECR_HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"

_GAR_IMAGE = "europe-west1-docker.pkg.dev/shop-prod/images/carts"
GAR_DATA = {
    "action": "INSERT",
    "digest": f"{_GAR_IMAGE}@{DIGEST}",
    "tag": f"{_GAR_IMAGE}:1.2",
}


def pubsub(data):
    return {
        "message": {
            "data": base64.b64encode(json.dumps(data).encode()).decode(),
            "messageId": "2070443601311540",
            "publishTime": "2026-01-01T00:00:00Z",
        },
        "subscription": "projects/shop-prod/subscriptions/automator",
    }


GAR = pubsub(GAR_DATA)

NEXUS = {
    "timestamp": "2026-01-01T00:00:00.000+0000",
    "nodeId": "7FFA7361-6ED33978",
    "initiator": "ci/10.0.0.7",
    "repositoryName": "docker-hosted",
    "action": "CREATED",
    "component": {
        "id": "08909bf0c86cf6c9600aade89e1c5e25",
        "componentId": "bnVnZXQ",
        "format": "docker",
        "name": "shop/carts",
        "group": None,
        "version": "1.2",
    },
}

ARTIFACTORY = {
    "domain": "docker",
    "event_type": "pushed",
    "data": {
        "repo_key": "docker-local",
        "event_type": "pushed",
        "path": "shop/carts/1.2/manifest.json",
        "name": "manifest.json",
        "sha256": "4f" * 32,
        "size": 1150,
        "image_name": "shop/carts",
        "tag": "1.2",
        "platforms": [],
    },
    "subscription_key": "push",
    "jpd_origin": "https://shop.jfrog.io",
    "source": "jfrog/ann",
}

GITEA = {
    "action": "created",
    "repository": None,
    "package": {
        "id": 11,
        "owner": {"id": 1, "login": "Shop", "username": "Shop"},
        "repository": None,
        "creator": {"login": "ann"},
        "type": "container",
        "name": "carts",
        "version": "1.2",
        "html_url": "https://git.example.com:3000/Shop/-/packages/container/carts/1.2",
        "created_at": "2026-01-01T00:00:00Z",
    },
    "organization": {"username": "Shop"},
    "sender": {"login": "ann"},
}

DISTRIBUTION = {
    "events": [
        {
            "id": "320678d8",
            "timestamp": "2026-01-01T00:00:00Z",
            "action": "push",
            "target": {
                "mediaType": "application/octet-stream",
                "size": 5000,
                "digest": "sha256:" + "a0" * 32,
                "repository": "shop/layers",
                "url": "http://registry.example.com:5000/v2/shop/layers/blobs/sha256:a0",
            },
            "request": {"host": "registry.example.com:5000", "method": "PUT"},
        },
        {
            "id": "320678d9",
            "timestamp": "2026-01-01T00:00:01Z",
            "action": "push",
            "target": {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "size": 708,
                "digest": DIGEST,
                "repository": "shop/carts",
                "url": f"http://registry.example.com:5000/v2/shop/carts/manifests/{DIGEST}",
                "tag": "1.2",
            },
            "request": {
                "id": "6df24a34",
                "addr": "10.0.0.7:39018",
                "host": "registry.example.com:5000",
                "method": "PUT",
                "useragent": "docker/27.0",
            },
            "actor": {"name": "ci"},
            "source": {"addr": "registry:5000", "instanceID": "a53db899"},
        },
    ]
}

ZOT = {
    "specversion": "1.0",
    "id": "0d8d9b0d",
    "source": "zotregistry.dev",
    "type": "zotregistry.image.updated",
    "datacontenttype": "application/json",
    "time": "2026-01-01T00:00:00Z",
    "data": {
        "name": "shop/carts",
        "reference": "1.2",
        "digest": DIGEST,
        "mediatype": "application/vnd.oci.image.manifest.v1+json",
        "manifest": '{"schemaVersion": 2}',
    },
}

CLOUDEVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "//registry.example.com",
    "type": "com.example.image.pushed",
    "subject": "registry.example.com/shop/carts:1.2",
}

GENERIC = {"image": "registry.example.com/shop/carts:1.2"}

DOCUMENTED = [
    ("acr", ACR, ["shop.azurecr.io/shop/carts:1.2"]),
    (
        "artifactory",
        ARTIFACTORY,
        ["shop.jfrog.io/shop/carts:1.2", "shop.jfrog.io/docker-local/shop/carts:1.2"],
    ),
    ("cloudevents", CLOUDEVENT, ["registry.example.com/shop/carts:1.2"]),
    ("cloudevents", EVENT_GRID, ["shop.azurecr.io/shop/carts:1.2"]),
    ("cloudevents", HARBOR_CLOUDEVENT, ["harbor.example.com/shop/carts:1.2"]),
    ("distribution", DISTRIBUTION, ["registry.example.com:5000/shop/carts:1.2"]),
    ("dockerhub", DOCKER_HUB, ["docker.io/shop/carts:1.2"]),
    ("ecr", ECR, [f"{ECR_HOST}/shop/carts:1.2"]),
    ("gar", GAR, ["europe-west1-docker.pkg.dev/shop-prod/images/carts:1.2"]),
    ("gar", GAR_DATA, ["europe-west1-docker.pkg.dev/shop-prod/images/carts:1.2"]),
    ("generic", GENERIC, ["registry.example.com/shop/carts:1.2"]),
    ("gitea", GITEA, ["git.example.com:3000/shop/carts:1.2"]),
    ("github", GITHUB, ["ghcr.io/shop/carts:1.2"]),
    ("github", GITHUB_OLDER, ["ghcr.io/shop/carts:1.2"]),
    ("gitlab", GENERIC, ["registry.example.com/shop/carts:1.2"]),
    ("harbor", HARBOR, ["harbor.example.com/shop/carts:1.2"]),
    ("harbor", HARBOR_CLOUDEVENT, ["harbor.example.com/shop/carts:1.2"]),
    (
        "nexus",
        NEXUS,
        [
            "registry.example.com/shop/carts:1.2",
            "registry.example.com/docker-hosted/shop/carts:1.2",
        ],
    ),
    ("quay", QUAY, ["quay.io/shop/carts:1.2"]),
    ("zot", ZOT, ["registry.example.com/shop/carts:1.2"]),
]
"""Kind, payload, and what it tells; `registry.example.com` is configured for those who tell no host."""
