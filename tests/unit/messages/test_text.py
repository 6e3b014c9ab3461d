"""What people read: our own texts, templates of theirs, and neither with the markup of strangers."""

import pytest

from automator.config.messages import MessageKind
from automator.messages.text import Writer
from automator.model.event import Level
from tests.unit.messages.making import URLS, channel, committed, move, trouble

LINK = "https://github.com/shop/config/commit/1a2b3c4d1a2b3c4d1a2b3c4d1a2b3c4d1a2b3c4d"


def write(*occasions, urls=URLS, **settings):
    return Writer(channel(**settings), urls).write(occasions)


def test_a_commit():
    text = write(committed(move(), move("sock-shop:deployment/orders")))
    assert text.title == "shop: Update shop/carts to 1.1.0 (sock-shop:deployment/carts)"
    assert text.body == (
        "- sock-shop:deployment/carts carts: shop/carts:1.0.0 -> shop/carts:1.1.0\n"
        "- sock-shop:deployment/orders orders: shop/orders:1.0.0 -> shop/orders:1.1.0\n"
        f"{LINK}"
    )
    assert text.level is Level.INFO


def test_a_commit_in_markdown():
    assert write(committed(), format="markdown").body.endswith(f"\n[1a2b3c4]({LINK})")


def test_a_commit_that_nothing_links_to():
    assert write(committed(), urls={}).body.endswith("shop/carts:1.1.0\ncommit 1a2b3c4")


def test_a_commit_of_very_many_changes():
    body = write(committed(*[move(f"shop:deployment/w{n}") for n in range(60)])).body
    assert body.count("->") == 50
    assert "\nand 10 more\n" in body


OTHERS = [
    (MessageKind.HELD, "shop: 1 held", "- sock-shop:deployment/carts"),
    (MessageKind.REGISTRY_FAILING, "ghcr.io/shop/carts cannot be polled", "no answer"),
    (MessageKind.REGISTRY_RECOVERED, "ghcr.io/shop/carts answers again", ""),
    (MessageKind.PUSH_REFUSED, "shop: the remote refuses automator", "no answer"),
    (
        MessageKind.CONFIG_WRONG,
        "shop: a manifest cannot be used",
        "no answer",
    ),
    (MessageKind.TAG_MOVED, "ghcr.io/shop/carts:1.0 was pushed again", "sha256:a -> sha256:b"),
]


@pytest.mark.parametrize(("kind", "title", "body"), OTHERS)
def test_the_other_kinds(kind, title, body):
    moves = (move(from_image="", reason="locked"),) if kind is MessageKind.HELD else ()
    digests = {"from_digest": "sha256:a", "to_digest": "sha256:b", "tag": "1.0"}
    fields = digests if kind is MessageKind.TAG_MOVED else {}
    text = write(trouble(kind, config_repo="shop", moves=moves, **fields))
    assert text.title == title
    assert body in text.body
    assert text.body
    assert text.is_good_news == (kind is MessageKind.REGISTRY_RECOVERED)


def test_several_are_one_text_as_grave_as_the_gravest():
    text = write(committed(), committed(), trouble())
    assert text.title == "Committed: 2, registry failing: 1"
    assert text.body.count(LINK) == 2
    assert text.level is Level.WARNING


def test_of_very_many_the_first_are_shown():
    text = write(*[trouble()] * 60)
    assert text.body.count("cannot be polled") == 50
    assert text.body.endswith("\n\nand 10 more")
    assert text.title == "Registry failing: 60"


def test_a_configuration_is_no_config_repo_s():
    text = write(trouble(MessageKind.CONFIG_WRONG, error="automator.yaml:1:1: unknown key"))
    assert text.title == "The configuration is wrong: the one before it stays in force"
    assert text.body.startswith("automator.yaml:1:1: unknown key")


def test_templates_of_ones_own():
    template = "{% for c in changes %}{{ c.container }} is {{ c.to_image | upper }}\n{% endfor %}"
    text = write(committed(), title="{{ kind }}\n in {{ config_repo }}", template=template)
    assert (text.title, text.body) == ("committed in shop", "carts is SHOP/CARTS:1.1.0")


def test_a_template_that_fails_later_costs_its_form_not_the_message():
    text = write(
        committed(), template="{% if commit %}{{ 1 // changes[0].nix | length }}{% endif %}x"
    )
    assert LINK in text.body
    assert text.body.endswith("\n(the template of the channel ops failed)")


def test_nothing_of_a_stranger_is_markup():
    evil = "<!channel> @everyone [x](https://evil) \n- fake"
    texts = [
        committed(move(to_image=evil, from_image=evil, container=evil, reason=evil), subject=evil),
        trouble(image_repository=evil, error=evil, hint=evil),
        trouble(MessageKind.TAG_MOVED, tag=evil, from_digest=evil, to_digest=evil),
    ]
    for occasion in texts:
        text = write(occasion)
        shown = f"{text.title}\n{text.body}".replace(LINK, "").replace(" -> ", "")
        assert "<" not in shown
        assert "[" not in shown
        assert "://" not in shown
        assert "@everyone" not in shown
        assert "\n- fake" not in shown


def test_a_template_s_braces_are_not_a_stranger_s():
    """What stands in a value is never rendered."""
    assert "49" not in write(trouble(error="{{ 7 * 7 }}")).body
