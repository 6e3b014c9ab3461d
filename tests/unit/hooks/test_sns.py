"""ECR's events through SNS: signed by SNS for one topic, with a certificate from SNS's own hosts."""

import base64
import dataclasses
import json
import sys

import anyio
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from automator.errors import ConfigError, Unavailable
from automator.hooks.request import Accepted, Postponed, Refused, Unreadable
from tests.servers.certificates import make_certificate
from tests.servers.clocks import ManualClock
from tests.unit.hooks import payloads
from tests.unit.hooks.making import SECRET, TOPIC, prove, receiver, request

pytestmark = pytest.mark.anyio

CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-9c6465fa.pem"
SUBSCRIBE_URL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=t&Token=k"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("sns"), algorithm="RS256")


class Sns:
    """Signs messages as SNS does, and answers for its hosts."""

    def __init__(self, certificate):
        self.key = certificate.key
        self.pages = {CERTIFICATE_URL: certificate.certificate_file.read_bytes()}
        self.pages[SUBSCRIBE_URL] = b"<ConfirmSubscriptionResponse/>"
        self.asked = []

    async def fetch(self, url):
        self.asked.append(url)
        await anyio.lowlevel.checkpoint()
        if url not in self.pages:
            raise Unavailable("the answer is 404", location="sns")
        return self.pages[url]

    def notification(self, *, version="1", **fields):
        message = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Subject": "Amazon ECR",
            "Message": json.dumps(payloads.ECR),
            "Timestamp": "2026-01-01T00:00:00.000Z",
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
            **fields,
        }
        return self.sign(message, version)

    def confirmation(self, *, kind="SubscriptionConfirmation", **fields):
        message = {
            "Type": kind,
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "2336412f37",
            "TopicArn": TOPIC,
            "Message": f"You have chosen to subscribe to the topic {TOPIC}.",
            "SubscribeURL": SUBSCRIBE_URL,
            "Timestamp": "2026-01-01T00:00:00.000Z",
            **fields,
        }
        return self.sign(message, "2")

    def sign(self, message, version):
        if message["Type"] == "Notification":
            names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        else:
            names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn"]
            names.append("Type")
        lines = "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name))
        algorithm = {"1": hashes.SHA1, "2": hashes.SHA256}[version]()
        signature = self.key.sign(lines.encode(), padding.PKCS1v15(), algorithm)
        return {
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            "Signature": base64.b64encode(signature).decode(),
            **message,
        }


@pytest.fixture
def sns(certificate):
    return Sns(certificate)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["Amazon ECR", None, "Größe"])
async def test_a_signed_push_is_accepted(sns, hook, version, subject):
    receipt = await hook.receive(request(sns.notification(version=version, Subject=subject)))
    [event] = receipt.events
    assert (event.repository.host, event.tag) == (payloads.ECR_HOST, "1.2")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def hook(sns, clock):
    return receiver("ecr", topic=TOPIC, fetch=sns.fetch, clock=clock)


async def test_the_certificate_is_fetched_once(sns, hook):
    receipts = []

    async def receive():
        receipts.append(await hook.receive(request(sns.notification())))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(receive)
    await receive()
    assert sns.asked == [CERTIFICATE_URL]
    assert [len(receipt.events) for receipt in receipts] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"Message": json.dumps({**payloads.ECR, "region": "eu-west-2"})},
        {"MessageId": "another"},
        {"Subject": "another"},
        {"Subject": None},
        {"Timestamp": "2026-01-02T00:00:00.000Z"},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "Another"},
        {"Type": None},
        {"SignatureVersion": "2"},
        {"SignatureVersion": "3"},
        {"SignatureVersion": 1},
        {"Signature": ""},
        {"Signature": None},
        {"Signature": "no base64"},
        {"Signature": base64.b64encode(b"short").decode()},
    ],
    ids=str,
)
async def test_what_was_changed_after_signing_is_refused(sns, hook, change):
    assert await hook.receive(request({**sns.notification(), **change})) == Refused()


@pytest.mark.parametrize("topic", ["arn:aws:sns:eu-west-1:999999999999:pushes", "", None])
async def test_the_message_of_another_topic_is_refused_unread(sns, hook, topic):
    assert await hook.receive(request(sns.notification(TopicArn=topic))) == Refused()
    assert sns.asked == []


async def test_fields_cannot_be_moved_into_the_message_of_another_topic(sns, hook):
    """The signed text is lines: what one topic sends may look like the fields of another."""
    theirs = "arn:aws:sns:eu-west-1:999999999999:theirs"
    inner = sns.notification(Subject=None)
    lines = "".join(
        f"{name}\n{inner[name]}\n" for name in ("MessageId", "Timestamp", "TopicArn", "Type")
    )
    text = f"{inner['Message']}\n{lines}".removesuffix("\n")
    forged = sns.notification(Message=text, TopicArn=theirs, Subject=None)
    assert await hook.receive(request({**inner, "Signature": forged["Signature"]})) == Refused()


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.example.com/a.pem",
        "https://example.com/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com@example.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem?x=/a.pem",
        "https://sns.eu-west-1.amazonaws.com/../a.pem/",
        "https://s3.eu-west-1.amazonaws.com/a.pem",
        "https://sns.s3-us-west-2.amazonaws.com/a.pem",
        "https://sns.s3-accelerate.amazonaws.com/a.pem",
        "https://sns.evil.example/.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem\n",
        "",
        None,
    ],
)
async def test_a_certificate_from_elsewhere_is_not_even_fetched(sns, hook, url):
    assert await hook.receive(request({**sns.notification(), "SigningCertURL": url})) == Refused()
    assert sns.asked == []


async def test_certificates_of_china_have_a_domain_of_their_own(sns, hook, certificate):
    url = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem"
    sns.pages[url] = certificate.certificate_file.read_bytes()
    receipt = await hook.receive(request({**sns.notification(), "SigningCertURL": url}))
    assert len(receipt.events) == 1


async def test_the_certificate_of_another_key_is_refused(sns, hook, tmp_path):
    another = make_certificate(tmp_path, algorithm="RS256")
    sns.pages[CERTIFICATE_URL] = another.certificate_file.read_bytes()
    assert await hook.receive(request(sns.notification())) == Refused()


@pytest.mark.parametrize("page", [b"", b"<html>", "ES256"])
async def test_without_a_certificate_the_sender_shall_try_again(sns, hook, clock, page, tmp_path):
    good = sns.pages.pop(CERTIFICATE_URL)
    assert isinstance(await hook.receive(request(sns.notification())), Postponed)
    if page == "ES256":
        page = make_certificate(tmp_path, algorithm="ES256").certificate_file.read_bytes()
    sns.pages[CERTIFICATE_URL] = page
    clock.advance(60)
    assert isinstance(await hook.receive(request(sns.notification())), Postponed)
    sns.pages[CERTIFICATE_URL] = good
    clock.advance(60)
    assert len((await hook.receive(request(sns.notification()))).events) == 1


async def test_what_failed_is_not_fetched_again_for_a_minute(sns, hook, clock):
    del sns.pages[CERTIFICATE_URL]
    for _ in range(5):
        assert isinstance(await hook.receive(request(sns.notification())), Postponed)
    assert sns.asked == [CERTIFICATE_URL]
    clock.advance(60)
    await hook.receive(request(sns.notification()))
    assert sns.asked == [CERTIFICATE_URL] * 2


def naming(sns, number):
    """A message that names another certificate; a stranger can send as much."""
    url = f"https://sns.eu-west-1.amazonaws.com/{number}.pem"
    return request({**sns.notification(), "SigningCertURL": url})


async def test_whoever_knows_the_topic_makes_us_fetch_ten_times_a_minute_at_most(sns, hook, clock):
    for number in range(50):
        assert isinstance(await hook.receive(naming(sns, number)), Postponed)
    assert len(sns.asked) == 10
    assert isinstance(await hook.receive(request(sns.notification())), Postponed)
    clock.advance(60)
    assert len((await hook.receive(request(sns.notification()))).events) == 1


async def test_a_known_certificate_needs_no_fetch_meanwhile(sns, hook):
    await hook.receive(request(sns.notification()))
    for number in range(50):
        await hook.receive(naming(sns, number))
    assert len((await hook.receive(request(sns.notification()))).events) == 1


async def test_one_certificate_is_fetched_at_a_time(sns, hook):
    receipts = []

    async def receive(number):
        receipts.append(await hook.receive(naming(sns, number)))

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(receive, number)
    assert len(sns.asked) == 1
    assert all(isinstance(receipt, Postponed) for receipt in receipts)


async def test_certificates_of_many_names_are_not_all_kept(sns, hook, clock):
    for number in range(100):
        clock.advance(6)
        url = f"https://sns.eu-west-1.amazonaws.com/{number}.pem"
        sns.pages[url] = sns.pages[CERTIFICATE_URL]
        receipt = await hook.receive(request({**sns.notification(), "SigningCertURL": url}))
        assert len(receipt.events) == 1
    assert len(hook._sns._keys) <= 16


async def test_a_subscription_is_confirmed(sns, hook):
    assert await hook.receive(request(sns.confirmation())) == Accepted()
    assert sns.asked == [CERTIFICATE_URL, SUBSCRIBE_URL]


async def test_an_unsigned_one_is_not(sns, hook):
    unsigned = {**sns.confirmation(), "Token": "another"}
    assert await hook.receive(request(unsigned)) == Refused()
    assert SUBSCRIBE_URL not in sns.asked


async def test_the_end_of_a_subscription_is_not_undone(sns, hook):
    ended = sns.confirmation(kind="UnsubscribeConfirmation")
    assert await hook.receive(request(ended)) == Accepted()
    assert SUBSCRIBE_URL not in sns.asked


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/?Action=ConfirmSubscription",
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com:22/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com/?a b",
        "",
    ],
)
@pytest.mark.parametrize("proof", ["signature", "secret"])
async def test_no_other_host_is_visited_for_it(sns, url, proof):
    hook = receiver("ecr", topic=TOPIC, secret=SECRET, fetch=sns.fetch)
    asked = request(sns.confirmation(SubscribeURL=url))
    receipt = await hook.receive(prove("ecr", asked) if proof == "secret" else asked)
    assert isinstance(receipt, Unreadable)
    assert set(sns.asked) <= {CERTIFICATE_URL}


async def test_nor_is_the_subscription_to_another_topic_confirmed(sns):
    hook = receiver("ecr", topic=TOPIC, secret=SECRET, fetch=sns.fetch)
    asked = prove("ecr", request(sns.confirmation(TopicArn="arn:aws:sns:eu-west-1:1:theirs")))
    assert isinstance(await hook.receive(asked), Unreadable)
    assert sns.asked == []


async def test_where_sns_does_not_answer_it_shall_ask_again(sns, hook):
    del sns.pages[SUBSCRIBE_URL]
    assert isinstance(await hook.receive(request(sns.confirmation())), Postponed)


@pytest.mark.parametrize("document", [payloads.ECR, None], ids=["raw", "in a notification"])
async def test_with_a_secret_no_signature_is_needed(sns, document):
    hook = receiver("ecr", secret=SECRET, fetch=sns.fetch)
    proven = prove("ecr", request(document or sns.notification()))
    assert len((await hook.receive(proven)).events) == 1
    assert sns.asked == []
    assert await hook.receive(dataclasses.replace(proven, path_token="")) == Refused()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"Type": {}}'])
async def test_what_is_no_message_of_sns_is_refused(hook, body):
    assert await hook.receive(request(None, raw=body)) == Refused()


def test_without_the_library_the_daemon_does_not_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    with pytest.raises(ConfigError, match=r"pip install 'automator\[aws\]'"):
        receiver("ecr", topic=TOPIC)
