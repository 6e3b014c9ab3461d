"""Where a commit can be looked at, by the URL that its repository is cloned from."""

import pytest

from automator.messages.links import commit_link

TABLE = [
    ("https://github.com/shop/config.git", "https://github.com/shop/config/commit/ID"),
    ("https://github.com/shop/config/", "https://github.com/shop/config/commit/ID"),
    ("https://me:hush@github.com/shop/config", "https://github.com/shop/config/commit/ID"),
    ("git@github.com:shop/config.git", "https://github.com/shop/config/commit/ID"),
    ("ssh://git@github.com:22/shop/config.git", "https://github.com/shop/config/commit/ID"),
    (
        "https://github.example.com:8443/shop/config",
        "https://github.example.com:8443/shop/config/commit/ID",
    ),
    (
        "https://gitlab.com/shop/team/config.git",
        "https://gitlab.com/shop/team/config/-/commit/ID",
    ),
    (
        "git@gitlab.example.com:shop/config.git",
        "https://gitlab.example.com/shop/config/-/commit/ID",
    ),
    ("http://gitea.local:3000/shop/config", "http://gitea.local:3000/shop/config/commit/ID"),
    ("https://codeberg.org/shop/config", "https://codeberg.org/shop/config/commit/ID"),
    ("https://forgejo.example.com/s/c.git", "https://forgejo.example.com/s/c/commit/ID"),
    ("git@bitbucket.org:shop/config.git", "https://bitbucket.org/shop/config/commits/ID"),
    (
        "https://bitbucket.example.com/scm/shop/config.git",
        "https://bitbucket.example.com/projects/shop/repos/config/commits/ID",
    ),
    (
        "ssh://git@bitbucket.example.com:7999/shop/config.git",
        "https://bitbucket.example.com/projects/shop/repos/config/commits/ID",
    ),
    ("https://bitbucket.example.com/shop/a/b.git", ""),
    (
        "https://me@dev.azure.com/shop/my%20project/_git/config",
        "https://dev.azure.com/shop/my%20project/_git/config/commit/ID",
    ),
    (
        "git@ssh.dev.azure.com:v3/shop/project/config",
        "https://dev.azure.com/shop/project/_git/config/commit/ID",
    ),
    ("https://github.com/a)b [c](d/e", "https://github.com/a%29b%20%5Bc%5D%28d/e/commit/ID"),
    ("https://git.example.com/shop/config.git", ""),
    ("https://notgithub.com/shop/config", ""),
    ("file:///srv/git/config.git", ""),
    ("/srv/github.com/config.git", ""),
    ("https://github.com:port/shop/config", ""),
    ("", ""),
]


@pytest.mark.parametrize(("url", "link"), TABLE)
def test_link_of_a_commit(url, link):
    assert commit_link(url, "ID") == link
