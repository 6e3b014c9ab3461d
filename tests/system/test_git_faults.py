"""A Git remote that is down, refuses, or is busy with other people."""

import pytest

from tests.system.world import deployment, git


@pytest.fixture
def ready(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    return world


RACE = """\
#!/bin/sh
# Somebody pushes first, as often as the file says, whenever automator pushes.
left=$(cat {left})
[ "$left" -gt 0 ] || exit 0
echo $((left - 1)) > {left}
# Out of the quarantine in which a push is checked, to do what another push would have done.
unset $(git rev-parse --local-env-vars) GIT_QUARANTINE_PATH
export GIT_AUTHOR_NAME=P GIT_AUTHOR_EMAIL=p@x GIT_COMMITTER_NAME=P GIT_COMMITTER_EMAIL=p@x
theirs=$(git -C {bare} commit-tree -p main -m "theirs $left" "main^{{tree}}")
git -C {bare} update-ref refs/heads/main "$theirs"
"""


def lose_races(world, times):
    """A pre-receive hook that pushes in between: automator's old value is stale when its own turn comes."""
    left = world.directory / "left"
    left.write_text(str(times))
    hook = world.remote.bare / "hooks/pre-receive"
    hook.write_text(RACE.format(left=left, bare=world.remote.bare))
    hook.chmod(0o755)


def test_somebody_pushes_first_at_every_attempt_for_a_while(ready):
    lose_races(ready, 3)

    done = ready.run("run", "--once")

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("push.raced") == 3
    assert b":1.1.0'" in ready.remote.show("a.yaml")
    assert ready.remote.count == 1 + 3 + 1


def test_a_race_that_is_always_lost_fails_and_loses_nothing(ready):
    lose_races(ready, 99)
    done = ready.run("run", "--once")
    assert done.returncode == 1
    assert "somebody else pushed to main first" in done.stderr
    assert b":1.0.0'" in ready.remote.show("a.yaml")


def test_a_refused_push_says_why_and_is_tried_again(ready):
    hook = ready.remote.bare / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'frozen until Monday' >&2\nexit 1\n")
    hook.chmod(0o755)
    with ready.daemon() as daemon:
        failed = daemon.wait_for("pass.failed")
        assert "frozen until Monday" in failed["error"]
        hook.unlink()
        daemon.wait_for("commit.pushed")


def test_a_remote_that_is_away_for_a_while(ready):
    away = ready.remote.bare.with_name("away")
    with ready.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        ready.remote.bare.rename(away)
        daemon.wait_for("pass.failed")
        away.rename(ready.remote.bare)
        ready.remote.commit({"b.yaml": ready.remote.show("a.yaml").replace(b":1.1.0", b":1.0.0")})
        daemon.wait_for("commit.pushed")
    assert b":1.1.0'" in ready.remote.show("b.yaml")


def test_a_person_s_commit_between_two_passes_is_kept(ready, image):
    assert ready.run("run", "--once").returncode == 0
    ready.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0") + b"# by hand\n"})
    assert ready.run("run", "--once").returncode == 0
    assert ready.remote.show("a.yaml").endswith(b"# by hand\n")
    assert len(git(ready.remote.bare, "log", "--format=%H", "main").split()) == 4
