"""How private an address is, and which networks a registry may send us to."""

import pytest

from automator.registry.addresses import Networks, Privacy, parse_address, privacy_of, resolve

pytestmark = pytest.mark.anyio

PUBLIC, PRIVATE, LOOPBACK, UNROUTED = Privacy

SPELLINGS = [
    ("93.184.216.34", PUBLIC),
    ("[2606:2800:220:1::]", PUBLIC),
    ("64:ff9b::808:808", PUBLIC),
    ("172.15.0.1", PUBLIC),
    ("10.0.0.1", PRIVATE),
    ("172.16.0.1", PRIVATE),
    ("192.168.1.1", PRIVATE),
    ("100.64.0.1", PRIVATE),
    ("fd12:3456::1", PRIVATE),
    ("fec0::1", PRIVATE),
    ("::ffff:10.0.0.1", PRIVATE),
    ("64:ff9b::a00:1", PRIVATE),
    ("167772161", PRIVATE),
    ("0xa000001", PRIVATE),
    ("012.0.0.1", PRIVATE),
    ("10.1", PRIVATE),
    ("10.0.0.1.", PRIVATE),
    ("10%2e0.0.1", PRIVATE),
    ("127.0.0.1", LOOPBACK),
    ("127.1", LOOPBACK),
    ("0x7f000001", LOOPBACK),
    ("2130706433", LOOPBACK),
    ("0177.0.0.1", LOOPBACK),
    ("[::1]", LOOPBACK),
    ("[::ffff:127.0.0.1]", LOOPBACK),
    ("2002:7f00:1::", LOOPBACK),
    ("169.254.169.254", UNROUTED),
    ("0xa9fea9fe", UNROUTED),
    ("[::ffff:169.254.169.254]", UNROUTED),
    ("[64:ff9b::a9fe:a9fe]", UNROUTED),
    ("[fd00:ec2::254]", UNROUTED),
    ("168.63.129.16", UNROUTED),
    ("100.100.100.200", UNROUTED),
    ("fe80::1%eth0", UNROUTED),
    ("0.0.0.0", UNROUTED),
    ("0", UNROUTED),
    ("[::]", UNROUTED),
    ("224.0.0.1", UNROUTED),
    ("ff02::1", UNROUTED),
    ("255.255.255.255", UNROUTED),
]


@pytest.mark.parametrize(("spelling", "privacy"), SPELLINGS)
def test_an_address_in_every_spelling(spelling, privacy):
    address = parse_address(spelling)
    assert address is not None
    assert privacy_of(address) is privacy


@pytest.mark.parametrize(
    "name", ["", "localhost", "r.example", "1.2.3.4.5", "10.0.0.1.nip.io", "é"]
)
def test_a_name_is_no_address(name):
    assert parse_address(name) is None


ADDRESSES = {
    "public.test": ("93.184.216.34",),
    "private.test": ("10.0.0.7",),
    "loopback.test": ("127.0.0.1", "::1"),
    "metadata.test": ("169.254.169.254",),
    "mixed.test": ("93.184.216.34", "10.0.0.7"),
    "mapped.test": ("::ffff:10.0.0.7",),
}


class Names:
    """What the system would know; `asked` is every name that it was asked for."""

    def __init__(self):
        self.asked = []

    async def __call__(self, name):
        self.asked.append(name)
        return ADDRESSES.get(name, ())


ALLOWED = [
    ("public.test", "public.test"),
    ("public.test", "8.8.8.8"),
    ("public.test", "unknown.test"),
    ("private.test", "public.test"),
    ("private.test", "192.168.0.1"),
    ("loopback.test", "private.test"),
    ("127.0.0.1", "localhost.test"),
    ("127.0.0.1", "127.0.0.2"),
    ("mixed.test", "10.0.0.1"),
    ("169.254.1.1", "169.254.1.1"),
]
REFUSED = [
    ("public.test", "private.test"),
    ("public.test", "mixed.test"),
    ("public.test", "mapped.test"),
    ("public.test", "127.1"),
    ("public.test", "169.254.169.254"),
    ("8.8.8.8", "10.0.0.1"),
    ("private.test", "127.0.0.1"),
    ("private.test", "loopback.test"),
    ("private.test", "metadata.test"),
    ("127.0.0.1", "169.254.169.254"),
    ("unknown.test", "10.0.0.1"),
]


@pytest.mark.parametrize(("registry", "target"), ALLOWED)
async def test_a_network_that_is_not_more_private_than_the_registry_s(registry, target):
    assert await Networks(Names()).allow(target, named_by=registry)


@pytest.mark.parametrize(("registry", "target"), REFUSED)
async def test_a_more_private_network(registry, target):
    networks = Networks(Names())
    assert not await networks.allow(target, named_by=registry)
    assert not await networks.allow(target, named_by=registry)


async def test_a_place_is_judged_once_for_each_registry():
    names = Names()
    networks = Networks(names)
    for _ in range(3):
        assert await networks.allow("public.test", named_by="private.test")
    assert names.asked == ["public.test", "private.test"]
    assert not await networks.allow("private.test", named_by="public.test")


async def test_endless_places_are_not_all_remembered():
    networks = Networks(Names())
    for number in range(1000):
        assert await networks.allow(f"8.8.{number % 250}.{number // 250}", named_by="public.test")
    assert len(networks._allowed) <= 256


async def test_the_system_s_names():
    assert {str(parse_address(each)) for each in await resolve("localhost")} <= {"127.0.0.1", "::1"}
    assert await resolve("127.0.0.1") == ("127.0.0.1",)
    assert await resolve("no such name") == ()
    assert await resolve("a" * 300) == ()
