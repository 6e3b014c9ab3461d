"""The registries of clouds: ECR, ECR Public, Artifact Registry, Azure Container Registry."""

import json
from collections.abc import Mapping

from tests.servers.personas.auth import Basic, Bearer
from tests.servers.personas.errors import text_error
from tests.servers.personas.persona import Persona
from tests.servers.personas.public import newest_first
from tests.servers.personas.tag_lists import GoogleList, Pages, absolute, milliseconds
from tests.servers.scripted import Reply, Request


class Ecr(Persona):
    """Basic with a token of the account; absolute links, no order, more than its size refused.

    `elsewhere` is the AWS API, which has one path for every call: botocore's AWS_ENDPOINT_URL_ECR.
    """

    auth = Basic(realm="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/")
    tag_list = Pages(link=absolute, is_sorted=False, refuses=True)
    error = text_error
    user = "AWS"
    redirects_blobs = True
    api_page_size = 2

    def publish_more(self) -> None:
        self.elsewhere.script("/", self._call)

    def _call(self, request: Request) -> Reply:
        """DescribeImages, in no order; the time is of the image."""
        asked = json.loads(request.body)
        if request.headers["x-amz-target"] != "AmazonEC2ContainerRegistry_V20150921.DescribeImages":
            return Reply.json({"__type": "UnknownOperationException"}, status=400)
        if asked["repositoryName"] not in self.images:
            return Reply.json({"__type": "RepositoryNotFoundException"}, status=400)
        begin = int(asked.get("nextToken", "0"))
        end = begin + self.api_page_size
        tags = sorted(newest_first(self, asked["repositoryName"]))
        answer: dict[str, object] = {
            "imageDetails": [
                {
                    "registryId": asked["registryId"],
                    "repositoryName": asked["repositoryName"],
                    "imageDigest": image.digest,
                    "imageTags": [tag],
                    "imagePushedAt": int(milliseconds(time)) / 1000,
                    "artifactMediaType": image.config.media_type,
                }
                for tag, time, image in tags[begin:end]
            ]
        }
        if end < len(tags):
            answer["nextToken"] = str(end)
        return Reply.json(answer)


class EcrPublic(Persona):
    """Tokens of one scope for everything, which its challenges name."""

    auth = Bearer(service="public.ecr.aws", path="/token/", scope="aws")
    tag_list = Pages()
    user = "AWS"
    redirects_blobs = True


class Google(Persona):
    """Everything of every tag in the list itself."""

    auth = Bearer(service="europe-docker.pkg.dev", path="/v2/token")
    tag_list = GoogleList()
    user = "oauth2accesstoken"


class Acr(Persona):
    """Access tokens for a password, or for the refresh token of a directory's user; `metadata_read` is a right of its own."""

    auth = Bearer(service="shop.azurecr.io", path="/oauth2/token", key="access_token")
    tag_list = Pages()
    redirects_blobs = True
    api_page_size = 2

    def publish_more(self) -> None:
        for repository in self.images:

            def tags(request: Request, of: str = repository) -> Reply:
                return self._api(request, of)

            guarded = self.guarded(repository, tags, action="metadata_read")
            self.server.script(f"/acr/v1/{repository}/_tags", guarded)

    def headers(self, request: Request) -> Mapping[str, str]:
        return {"x-ms-correlation-request-id": "0"}

    def _api(self, request: Request, repository: str) -> Reply:
        tags = newest_first(self, repository)
        last = request.parameters.get("last", [""])[0]
        begin = [tag for tag, _, _ in tags].index(last) + 1 if last else 0
        end = begin + self.api_page_size
        headers = {}
        if end < len(tags):
            query = f"last={tags[end - 1][0]}&n={self.api_page_size}&orderby=timedesc"
            headers["link"] = f'<{request.path}?{query}>; rel="next"'
        return Reply.json(
            {
                "registry": "shop.azurecr.io",
                "imageName": repository,
                "tags": [
                    {
                        "name": tag,
                        "digest": image.digest,
                        "createdTime": time,
                        "lastUpdateTime": time,
                        "signed": False,
                    }
                    for tag, time, image in tags[begin:end]
                ],
            },
            **headers,
        )


CLOUDS = (Ecr, EcrPublic, Google, Acr)
