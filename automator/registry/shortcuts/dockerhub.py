"""Docker Hub: its API stands on another host than its registry, and takes another token.

https://docs.docker.com/reference/api/hub/latest/: 100 tags a page; a public repository is told to anybody.
"""

import itertools
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from urllib.parse import quote

from pydantic import SecretStr

from automator.clock import Clock
from automator.errors import Denied, NotFound
from automator.model.image import ImageRepository
from automator.model.tags import ListedImage
from automator.registry.auth import CredentialSource, bearer_authorization
from automator.registry.credentials import Credential
from automator.registry.documents import parse_token
from automator.registry.host import RegistryHost
from automator.registry.shortcuts.answers import (
    DigestField,
    Entry,
    TagField,
    TimeField,
    fetch_document,
    page_request,
    read_entries,
)
from automator.registry.shortcuts.paging import Images, read_newest
from automator.registry.transport import Exchange

_PAGE_SIZE = 100
# What the API's host may answer is kept apart by these names: a challenge met without a login changes nothing with it.
_ANONYMOUS = "hub"
_LOGIN = "hub with login"
_TOKEN_BYTES = 64 * 1024
# Tokens are short-lived, the documentation says, and not how short: what is refused is asked for anew in an hour.
_TOKEN_SECONDS = 300.0


class _Tag(Entry):
    name: TagField
    digest: DigestField | None = None
    tag_last_pushed: TimeField = None
    last_updated: TimeField = None


class DockerHub:
    """`host` is the API's, named `name`; `credentials` are those of the registry.

    A login is tried for a repository that is not told anonymously, and used for that repository alone. It is sent to
    the API's own host and nowhere else: the API is no registry, and a challenge of its gets no credentials of Docker
    Hub's.
    """

    def __init__(
        self, *, host: RegistryHost, name: str, credentials: CredentialSource, clock: Clock
    ) -> None:
        self._host = host
        self._name = name
        self._credentials = credentials
        self._clock = clock
        self._private: set[ImageRepository] = set()
        self._tokens: dict[Credential, tuple[float, SecretStr]] = {}

    async def fetch(self, repository: ImageRepository, known: Images) -> Images:
        if repository not in self._private:
            # A private repository is denied, or not found: both mean that it may be there.
            with suppress(Denied, NotFound):
                return await self._read(repository, known, token=None)
        credential = await self._credentials.for_repository(repository)
        if credential is None or not credential.username:
            raise Denied("it is not told without a login", location=str(repository))
        try:
            token = await self._log_in(repository, credential)
            told = await self._read(repository, known, token=token)
        except Denied:
            self._tokens.pop(credential, None)
            raise
        self._private.add(repository)
        return told

    async def _log_in(self, repository: ImageRepository, credential: Credential) -> SecretStr:
        now = self._clock.monotonic_seconds()
        until, token = self._tokens.get(credential, (now, SecretStr("")))
        if now < until:
            return token
        login = {
            "identifier": credential.username,
            "secret": credential.password.get_secret_value(),
        }
        exchange = Exchange(
            method="POST",
            url=f"{self._host.url}/v2/auth/token",
            where=f"{repository} (login)",
            body_limit=_TOKEN_BYTES,
            content=json.dumps(login),
            content_type="application/json",
            secrets=(credential.password,),
        )
        answer = await self._host.ask(self._named(repository), exchange, purpose=_LOGIN)
        token = SecretStr(parse_token(answer.body, where=exchange.where).value)
        self._tokens[credential] = (now + _TOKEN_SECONDS, token)
        return token

    def _named(self, repository: ImageRepository) -> ImageRepository:
        """As the API's host is asked for it: under its own name, so that its challenges get no other credentials."""
        return ImageRepository(self._name, repository.path)

    async def _read(
        self, repository: ImageRepository, known: Images, *, token: SecretStr | None
    ) -> Images:
        pages = self._pages(repository, token)
        return await read_newest(pages, known, now=self._clock.now())

    async def _pages(
        self, repository: ImageRepository, token: SecretStr | None
    ) -> AsyncGenerator[Images]:
        namespace, _, name = repository.path.partition("/")
        base = f"{self._host.url}/v2/namespaces/{namespace}/repositories/{quote(name, safe='')}"
        authorization = None if token is None else bearer_authorization(token.get_secret_value())
        for page in itertools.count(1):
            url = f"{base}/tags?page_size={_PAGE_SIZE}&page={page}&ordering=last_updated"
            document = await fetch_document(
                self._host,
                self._named(repository),
                page_request(repository, url, authorization),
                key="results",
                purpose=_ANONYMOUS if token is None else _LOGIN,
            )
            yield {
                tag.name: ListedImage(
                    digest=tag.digest, pushed_at=tag.tag_last_pushed or tag.last_updated
                )
                for tag in read_entries(_Tag, document.entries)
            }
            # Its URL is not followed: the pages are counted, so that it can lead nowhere.
            if not document.fields.get("next"):
                return
