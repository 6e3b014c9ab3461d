"""Links into the pages of Git hosts, and the text that must never become one."""

import pytest

from automator.report.links import LinkPatterns, patterns_for, source_link

FORMS = [
    "https://github.com/team/shop",
    "https://github.com/team/shop.git",
    "https://github.com/team/shop/",
    "https://ann:secret@github.com/team/shop.git",
    "git@github.com:team/shop.git",
    "github.com:team/shop",
    "ssh://git@github.com:22/team/shop.git",
    "git+https://github.com/team/shop",
    "git://github.com/team/shop.git",
]


@pytest.mark.parametrize("url", FORMS)
def test_every_form_of_a_url_leads_to_the_same_page(url):
    patterns = patterns_for(url)
    assert patterns.commit_link("c0ffee") == "https://github.com/team/shop/commit/c0ffee"
    line = patterns.file_link("c0ffee", "apps/carts.yaml", 7)
    assert line == "https://github.com/team/shop/blob/c0ffee/apps/carts.yaml#L7"


HOSTS = [
    ("https://gitlab.com/a/b/c", "https://gitlab.com/a/b/c/-/commit/1", "https://gitlab.com/a/b/c/-/blob/1/f#L2"),
    ("https://gitlab.example.com:8443/a/b", "https://gitlab.example.com:8443/a/b/-/commit/1", "https://gitlab.example.com:8443/a/b/-/blob/1/f#L2"),
    ("git@bitbucket.org:a/b.git", "https://bitbucket.org/a/b/commits/1", "https://bitbucket.org/a/b/src/1/f#lines-2"),
    ("https://codeberg.org/a/b", "https://codeberg.org/a/b/commit/1", "https://codeberg.org/a/b/src/commit/1/f#L2"),
    ("http://gitea.local:3000/a/b", "http://gitea.local:3000/a/b/commit/1", "http://gitea.local:3000/a/b/src/commit/1/f#L2"),
    ("https://git.example.com/a/b", "", ""),
    ("file:///srv/git/shop.git", "", ""),
    ("/srv/git/shop.git", "", ""),
    ("", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("url", "commit", "file"), HOSTS)
def test_the_host_says_the_form(url, commit, file):
    patterns = patterns_for(url)
    assert (patterns.commit_link("1"), patterns.file_link("1", "f", 2)) == (commit, file)


RELEASES = [
    ("https://github.com/a/b.git", "https://github.com/a/b/releases"),
    ("git@gitlab.com:a/b/c.git", "https://gitlab.com/a/b/c/-/releases"),
    ("https://codeberg.org/a/b", "https://codeberg.org/a/b/releases"),
    ("https://bitbucket.org/a/b", ""),
    ("https://git.example.com/a/b", ""),
    ("javascript:github.com", ""),
]


@pytest.mark.parametrize(("source", "page"), RELEASES)
def test_release_notes_have_a_page_where_the_forge_has_one(source, page):
    assert patterns_for(source).releases == page


def test_a_path_is_part_of_an_address_whatever_its_bytes():
    patterns = LinkPatterns(file="https://git.example.com/{commit}/{path}#{line}")
    odd = b"a b/#?%{line}\xff.yaml".decode("utf-8", "surrogateescape")
    link = patterns.file_link("c", odd, 3)
    assert link == "https://git.example.com/c/a%20b/%23%3F%25%7Bline%7D%FF.yaml#3"


SOURCES = [
    ("https://github.com/team/carts", "c0ffee", "https://github.com/team/carts/commit/c0ffee"),
    ("https://github.com/team/carts", "", "https://github.com/team/carts"),
    ("https://git.example.com/carts", "c0ffee", "https://git.example.com/carts"),
    ("https://github.com/team/carts", "a b", "https://github.com/team/carts"),
    ("https://github.com/team/carts", '"><script>', "https://github.com/team/carts"),
    ("javascript:alert(1)", "c0ffee", ""),
    ("JaVaScRiPt:alert(1)//github.com/", "c0ffee", ""),
    ("data:text/html,x", "", ""),
    ("https://github.com/\"onmouseover='x'", "", "https://github.com/%22onmouseover%3D%27x%27"),
    ("https://github.com@evil.example/x", "", "https://evil.example/x"),
    ("https://[::1]:bad/x", "", ""),
    ("https://exa mple.com/x", "", ""),
    ("not an address", "", ""),
]


@pytest.mark.parametrize(("source", "revision", "link"), SOURCES)
def test_a_label_becomes_a_link_of_the_web_or_none(source, revision, link):
    assert source_link(source, revision) == link
