"""Which cloud, and when it is asked again."""

import base64
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta

import anyio
import pytest

from automator.errors import Denied, Throttled, Unavailable
from automator.extras import load
from automator.model.image import parse_repository
from automator.model.registry import Provider
from automator.registry.clouds.source import CLOUDS, Cloud, Clouds, guess_provider
from automator.registry.credentials import Credential, Credentials
from automator.registry.settings import HostSettings
from tests.servers.clocks import ManualClock
from tests.servers.scripted import Reply

pytestmark = pytest.mark.anyio

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
CLOUD_HOSTS = {
    ECR: Provider.AWS,
    "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com": Provider.AWS,
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn": Provider.AWS,
    "europe-docker.pkg.dev": Provider.GOOGLE,
    "europe-west1-docker.pkg.dev": Provider.GOOGLE,
    "gcr.io": Provider.GOOGLE,
    "eu.gcr.io": Provider.GOOGLE,
    "shop.azurecr.io": Provider.AZURE,
    "shop.azurecr.cn": Provider.AZURE,
    "shop.azurecr.us": Provider.AZURE,
}
OTHER_HOSTS = [
    "public.ecr.aws",
    "docker.io",
    "ghcr.io",
    "notgcr.io",
    "gcr.io.example.com",
    "gcr.io:5000",
    "pkg.dev",
    "docker.pkg.dev.example.com",
    "azurecr.io",
    "shop.azurecr.io.example.com",
    "shop.azurecr.io:5000",
    "shopazurecr.io",
]


class Account:
    """A cloud that gives the next of `answers`, the last one again and again; `asked` counts for each host."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = Counter()

    def fetch(self, settings):
        self.asked[settings.host] += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def credential(clock):
    """A maker of credentials that end so many minutes from now."""

    def make(name, minutes=None):
        ends_at = None if minutes is None else clock.now() + timedelta(minutes=minutes)
        return Credential(username=name, expires_at=ends_at)

    return make


@pytest.fixture
def make_clouds(clock):
    def make(account, *, library="json", hosts=None):
        cloud = Cloud(name="Nimbus", extra="aws", library=library, hint="rise", fetch=account.fetch)
        settings = {
            host: HostSettings(host=host, provider=provider)
            for host, provider in (hosts or {}).items()
        }
        return Clouds(hosts=settings, clock=clock, clouds=dict.fromkeys(CLOUDS, cloud))

    return make


@pytest.mark.parametrize(("host", "provider"), CLOUD_HOSTS.items())
def test_hosts_that_tell_their_cloud(host, provider):
    assert guess_provider(host) is provider


@pytest.mark.parametrize("host", OTHER_HOSTS)
def test_hosts_that_tell_none(host):
    assert guess_provider(host) is None


@pytest.mark.parametrize(
    ("host", "provider", "expected"),
    [
        (ECR, Provider.AUTO, "cloud"),
        (ECR, Provider.NONE, None),
        (ECR, Provider.GOOGLE, "cloud"),
        ("public.ecr.aws", Provider.AUTO, None),
        ("public.ecr.aws", Provider.AWS, "cloud"),
        ("registry.example.com", Provider.AZURE, "cloud"),
        ("registry.example.com", Provider.AUTO, None),
    ],
)
async def test_a_provider_is_configured_or_told_by_the_name(
    make_clouds, credential, host, provider, expected
):
    clouds = make_clouds(Account(credential("cloud")), hosts={host: provider})
    found = await clouds.for_host(host)
    assert (found and found.username) == expected
    assert clouds.is_configured(host) == (provider not in {Provider.AUTO, Provider.NONE})


@pytest.mark.parametrize(
    ("minutes", "fresh_for"),
    [(12 * 60, 12 * 60 - 5), (60, 55), (20, 18), (None, 5)],
    ids=["ECR", "Google", "short", "without an end"],
)
async def test_a_credential_is_renewed_before_it_ends(
    make_clouds, credential, clock, minutes, fresh_for
):
    clouds = make_clouds(Account(credential("first", minutes), credential("second", 10_000)))
    assert (await clouds.for_host(ECR)).username == "first"
    clock.advance(fresh_for * 60 - 1)
    assert (await clouds.for_host(ECR)).username == "first"
    clock.advance(1)
    assert (await clouds.for_host(ECR)).username == "second"


async def test_image_repositories_of_a_host_share_one_request(make_clouds, credential):
    account = Account(credential("shared", 60))
    clouds = make_clouds(account)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(clouds.for_host, ECR)
    assert account.asked == {ECR: 1}


@pytest.mark.parametrize(
    "failure", [Unavailable("no answer"), Throttled("slowly", retry_after=None)]
)
async def test_what_cannot_be_renewed_yet_serves_until_it_ends(
    make_clouds, credential, clock, failure
):
    clouds = make_clouds(Account(credential("old", 60), failure))
    await clouds.for_host(ECR)
    clock.advance(59 * 60)
    assert (await clouds.for_host(ECR)).username == "old"
    clock.advance(60)
    with pytest.raises(type(failure)):
        await clouds.for_host(ECR)


async def test_what_is_refused_serves_no_longer(make_clouds, credential, clock):
    clouds = make_clouds(Account(credential("old", 60), Denied("refused")))
    await clouds.for_host(ECR)
    clock.advance(59 * 60)
    with pytest.raises(Denied):
        await clouds.for_host(ECR)


async def test_no_account_is_anonymous_and_remembered_for_the_whole_cloud(
    make_clouds, credential, clock
):
    account = Account(None, credential("late"))
    clouds = make_clouds(account)
    for host in ("gcr.io", "eu.gcr.io", "europe-docker.pkg.dev"):
        assert await clouds.for_host(host) is None
    assert account.asked == {"gcr.io": 1}
    clock.advance(5 * 60)
    assert (await clouds.for_host("gcr.io")).username == "late"


async def test_no_account_of_a_configured_cloud_is_an_error(make_clouds):
    account = Account(None)
    clouds = make_clouds(account, hosts={ECR: Provider.AWS})
    for _ in range(2):
        with pytest.raises(Denied) as caught:
            await clouds.for_host(ECR)
        assert str(caught.value) == f"{ECR}: no account of Nimbus is found here (rise)"
    assert account.asked == {ECR: 1}


@pytest.mark.parametrize(
    ("provider", "hint"),
    [
        (Provider.AUTO, "check it; or set `provider: none`, if it needs no credentials"),
        (Provider.AWS, "check it"),
    ],
)
async def test_a_refusal_of_a_cloud_that_nobody_configured_says_how_to_do_without(
    make_clouds, provider, hint
):
    clouds = make_clouds(Account(Denied("refused", hint="check it")), hosts={ECR: provider})
    with pytest.raises(Denied) as caught:
        await clouds.for_host(ECR)
    assert caught.value.hint == hint


async def test_tokens_of_ecr_are_asked_for_twice_a_day(cloud, clock, monkeypatch):
    """Through the real library, as the sources of credentials use it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", cloud.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "topsecret")

    def grant(request):
        token = base64.b64encode(f"AWS:{len(cloud.requests)}".encode()).decode()
        ends_at = (clock.now() + timedelta(hours=12)).timestamp()
        return Reply.json(
            {"authorizationData": [{"authorizationToken": token, "expiresAt": ends_at}]}
        )

    cloud.script("/", grant)
    credentials = Credentials(clock=clock, clouds=Clouds(hosts={}, clock=clock))
    seen = []
    for _ in range(24):
        found = await credentials.for_repository(parse_repository(f"{ECR}/shop/carts"))
        assert found.expires_at > clock.now()
        seen.append(found.password.get_secret_value())
        clock.advance(3600)
    assert seen == ["1"] * 12 + ["2"] * 12


async def test_a_cloud_that_hangs_is_not_waited_for(clock):
    released = threading.Event()
    cloud = Cloud(
        name="Nimbus", extra="aws", library="json", hint="", fetch=lambda _: released.wait()
    )
    table = dict.fromkeys(CLOUDS, cloud)
    clouds = Clouds(hosts={}, clock=clock, clouds=table, cloud_seconds=0.01)
    with pytest.raises(Unavailable, match=rf"^{ECR}: Nimbus gave no credentials in 0\.01 s"):
        await clouds.for_host(ECR)
    released.set()


@pytest.mark.parametrize("library", ["nimbus_cloud", "nimbus_cloud.identity"])
async def test_a_library_that_is_not_installed(make_clouds, credential, library):
    account = Account(credential("cloud"))
    assert await make_clouds(account, library=library).for_host(ECR) is None
    clouds = make_clouds(account, library=library, hosts={ECR: Provider.AWS})
    with pytest.raises(
        Denied, match=rf"^{ECR}: {library} is not installed \(pip install 'automator\[aws\]'\)$"
    ):
        await clouds.for_host(ECR)
    assert not account.asked


def test_a_module_of_a_library_that_is_not_installed():
    with pytest.raises(
        Denied, match=r"nimbus_cloud is not installed \(pip install 'automator\[google\]'\)$"
    ):
        load("nimbus_cloud", extra="google", refuse=Denied)


@pytest.mark.parametrize("provider", CLOUDS)
def test_the_extras_are_those_of_the_installation(provider):
    assert CLOUDS[provider].extra == provider.value


def test_no_library_is_imported_before_it_is_needed():
    script = (
        "import sys, automator.registry.clouds.source\n"
        "print({'botocore', 'google.auth', 'azure.identity', 'requests'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
