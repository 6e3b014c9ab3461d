"""Fetch, commit and push against real remotes: file, http with basic auth, ssh with strict host keys, git daemon."""

import socketserver
import subprocess
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from automator.errors import GitError, PushRejected, RemoteDenied, RemoteUnavailable
from automator.git.access import Remote
from automator.git.commit import Identity, write_commit
from automator.git.history import read_log
from automator.git.mirror import Mirror
from automator.git.push import push
from tests.servers.git_http import git_http
from tests.servers.git_ssh import git_ssh, make_key
from tests.system.world import RemoteRepo, git

pytestmark = pytest.mark.anyio

AUTHOR = Identity(name="automator", email="automator@example.com")
AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
MESSAGE = "Update a\n\nImage-Update: n:deployment/a c x:1 -> x:2\n"
SECRET = "correct horse"


@pytest.fixture
def repo(tmp_path):
    remote = RemoteRepo(tmp_path)
    remote.commit({"a.yaml": b"one\n", "run.sh": b"#!/bin/sh\n"})
    return remote


def mirror_of(tmp_path, url, **access):
    return Mirror(tmp_path / "mirror", Remote(url=url, branch="main", **access))


async def change(mirror, content=b"two\n", path="a.yaml", mode="100644"):
    head = await mirror.fetch()
    commit = await write_commit(
        mirror,
        parent=head,
        files={path: content},
        modes={path: mode},
        message=MESSAGE,
        author=AUTHOR,
        at=AT,
    )
    return head, commit


async def fetch_and_push(mirror, repo):
    head, commit = await change(mirror)
    assert head == repo.head
    await push(mirror, commit, expected=head)
    assert repo.head == commit
    assert repo.show("a.yaml") == b"two\n"


async def test_file(tmp_path, repo):
    await fetch_and_push(mirror_of(tmp_path, repo.url), repo)


async def test_http_with_the_right_password(tmp_path, repo):
    with git_http(repo.bare, users={"me": SECRET}) as url:
        mirror = mirror_of(tmp_path, url, username="me", password=SecretStr(SECRET))
        await fetch_and_push(mirror, repo)


@pytest.mark.parametrize("password", [None, SecretStr("wrong battery")])
async def test_http_with_a_wrong_or_no_password_is_denied(tmp_path, repo, password):
    with git_http(repo.bare, users={"me": SECRET}) as url:
        mirror = mirror_of(tmp_path, url, username="me", password=password)
        with pytest.raises(RemoteDenied) as caught:
            await mirror.fetch()
    assert "wrong battery" not in str(caught.value)


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    with git_ssh(tmp_path_factory.mktemp("ssh")) as server:
        yield server


async def test_ssh_with_a_known_host_and_key(tmp_path, repo, ssh):
    mirror = mirror_of(
        tmp_path,
        ssh.url(repo.bare),
        ssh_key_file=ssh.user_key,
        known_hosts_file=ssh.known_hosts,
    )
    await fetch_and_push(mirror, repo)


async def test_ssh_refuses_an_unknown_host_key_and_learns_none(tmp_path, repo, ssh):
    known_hosts = tmp_path / "known_hosts"
    known_hosts.touch()
    mirror = mirror_of(
        tmp_path, ssh.url(repo.bare), ssh_key_file=ssh.user_key, known_hosts_file=known_hosts
    )
    with pytest.raises(RemoteDenied, match="ost key"):
        await mirror.fetch()
    assert known_hosts.read_bytes() == b""


async def test_ssh_with_a_key_that_nobody_knows_is_denied(tmp_path, repo, ssh):
    mirror = mirror_of(
        tmp_path,
        ssh.url(repo.bare),
        ssh_key_file=make_key(tmp_path / "other"),
        known_hosts_file=ssh.known_hosts,
    )
    with pytest.raises(RemoteDenied):
        await mirror.fetch()


@contextmanager
def git_daemon(bare: Path):
    """Port 0 is not to be had from git daemon, so inetd mode behind a listening socket of ours."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            subprocess.run(
                ["git", "daemon", "--inetd", "--export-all", "--enable=receive-pack",
                 f"--base-path={bare.parent}"],
                stdin=self.request, stdout=self.request, stderr=subprocess.DEVNULL, check=False,
            )  # fmt: skip

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"git://127.0.0.1:{server.server_address[1]}/{bare.name}"
        server.shutdown()
        thread.join()


async def test_git_daemon(tmp_path, repo):
    with git_daemon(repo.bare) as url:
        await fetch_and_push(mirror_of(tmp_path, url), repo)


async def test_a_remote_that_is_down_is_unavailable(tmp_path):
    with pytest.raises(RemoteUnavailable):
        await mirror_of(tmp_path, "http://127.0.0.1:1/x.git").fetch()


async def test_a_missing_branch_says_so(tmp_path, repo):
    mirror = Mirror(tmp_path / "mirror", Remote(url=repo.url, branch="production"))
    with pytest.raises(GitError, match="has no branch 'production'"):
        await mirror.fetch()
    assert await mirror.remote_head() is None


async def test_somebody_pushed_first(tmp_path, repo):
    mirror = mirror_of(tmp_path, repo.url)
    head, commit = await change(mirror)
    theirs = repo.commit({"b.yaml": b"theirs\n"})
    with pytest.raises(PushRejected) as caught:
        await push(mirror, commit, expected=head)
    assert caught.value.rule is False
    assert repo.head == theirs


async def test_somebody_moved_the_branch_back(tmp_path, repo):
    """A plain push would be a fast-forward here, and would bring back what they dropped."""
    first = repo.head
    repo.commit({"b.yaml": b"a mistake\n"})
    mirror = mirror_of(tmp_path, repo.url)
    head, commit = await change(mirror)
    git(repo.bare, "update-ref", "refs/heads/main", first)
    with pytest.raises(PushRejected) as caught:
        await push(mirror, commit, expected=head)
    assert caught.value.rule is False
    assert repo.head == first


async def test_a_hook_that_refuses_is_quoted(tmp_path, repo):
    hook = repo.bare / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'only on \x1b[31mFridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    mirror = mirror_of(tmp_path, repo.url)
    head, commit = await change(mirror)
    with pytest.raises(PushRejected, match=r"only on .*Fridays") as caught:
        await push(mirror, commit, expected=head)
    assert caught.value.rule is True
    assert "\x1b" not in str(caught.value)


async def test_a_push_that_had_arrived_is_done(tmp_path, repo):
    mirror = mirror_of(tmp_path, repo.url)
    head, commit = await change(mirror)
    await push(mirror, commit, expected=head)
    assert await mirror.fetch() == commit


WEIRD = ["with blank.yaml", "co:lon.yaml", 'quo"te.yaml', "ünï.yaml", "new\nline.yaml", "b\\s.yaml"]


@pytest.mark.parametrize("path", WEIRD)
async def test_paths_are_bytes(tmp_path, repo, path):
    repo.commit({path: b"one\n"})
    mirror = mirror_of(tmp_path, repo.url)
    head, commit = await change(mirror, path=path)
    assert path in await mirror.list_blobs(head)
    assert set(await mirror.changed_blobs(head, commit)) == {path}


async def test_a_path_that_is_no_utf8(tmp_path, repo):
    path = b"caf\xe9.yaml".decode("utf-8", "surrogateescape")
    repo.commit({path: b"one\n"})
    mirror = mirror_of(tmp_path, repo.url)
    head, commit = await change(mirror, path=path)
    assert set(await mirror.changed_blobs(head, commit)) == {path}


async def test_modes_stay(tmp_path, repo):
    git(repo.clone, "update-index", "--chmod=+x", "run.sh")
    git(repo.clone, "commit", "-q", "-m", "executable")
    git(repo.clone, "push", "-q", "origin", "HEAD:main")
    mirror = mirror_of(tmp_path, repo.url)
    _, commit = await change(mirror, path="run.sh", mode="100755")
    assert (await mirror.list_blobs(commit))["run.sh"].mode == "100755"


async def test_the_same_arguments_give_the_same_commit(tmp_path, repo):
    mirror = mirror_of(tmp_path, repo.url)
    assert await change(mirror) == await change(mirror)


async def test_many_blobs_are_streamed_in_order(tmp_path, repo):
    repo.commit({f"many/{n}.yaml": b"x" * n + b"\n" for n in range(3000)})
    mirror = mirror_of(tmp_path, repo.url)
    blobs = await mirror.list_blobs(await mirror.fetch())
    ids = [blob.id for path, blob in blobs.items() if path.startswith("many/")]
    read = [(blob_id, len(data)) async for blob_id, data in mirror.read_blobs(ids)]
    assert [blob_id for blob_id, _ in read] == ids
    assert sorted(length for _, length in read) == list(range(1, 3001))


async def test_a_mirror_that_was_cut_short_or_damaged_is_made_again(tmp_path, repo):
    mirror = mirror_of(tmp_path, repo.url)
    (tmp_path / "mirror.new").mkdir()
    await mirror.fetch()
    (tmp_path / "mirror/HEAD").write_text("rubbish")
    assert await mirror.fetch() == repo.head


async def test_history_reads_update_commits_only(tmp_path, repo):
    mirror = mirror_of(tmp_path, repo.url)
    _, commit = await change(mirror)
    found = await read_log(mirror.directory, commit, limit=10)
    assert [(entry.id, entry.author, entry.at) for entry in found] == [(commit, "automator", AT)]


async def test_no_clone_is_an_error(tmp_path):
    with pytest.raises(GitError, match="no history"):
        await read_log(tmp_path / "absent", "HEAD", limit=1)
