"""What a person does, from the command line to the remote's branch; and what the next pass makes of it."""

import pytest

from tests.servers.images import EMPTY, make_artifact, write_image
from tests.system.world import RemoteRepo, deployment, git

CARTS = "shop:deployment/carts"
ANN = ("--author", "Ann <ann@example.com>")


@pytest.fixture
def shop(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({"carts.yaml": deployment("carts", f"{image}:1.0.0")})
    return world


def act(world, *args):
    done = world.run(*args, *ANN)
    assert done.returncode == 0, done.stderr
    return done


def image_of(world, path="carts.yaml"):
    line = next(line for line in world.remote.show(path).decode().splitlines() if "image:" in line)
    return line.partition("image: '")[2].partition("'")[0].rpartition(":")[2]


def test_after_a_lock_a_pass_holds_and_after_unlock_it_moves(shop):
    before = shop.remote.show("carts.yaml")
    done = act(shop, "lock", CARTS, "--reason", "INC-123")
    assert f"pushed {shop.remote.head} to shop" in done.stdout
    assert shop.remote.message == (
        f"Lock {CARTS}: INC-123\n\nAction: lock\nWorkload: {CARTS}\n"
        "Acted-by: Ann <ann@example.com>\nReason: INC-123"
    )
    assert shop.run("run", "--once").returncode == 0
    assert image_of(shop) == "1.0.0"
    [row] = shop.json("workloads")["workloads"]
    assert (row["status"], row["reason"]) == ("locked", "locked: INC-123")
    act(shop, "unlock", CARTS)
    assert shop.remote.show("carts.yaml") == before
    shop.run("run", "--once")
    assert image_of(shop) == "1.1.0"


def test_a_dry_run_shows_the_diff_and_changes_nothing(shop):
    head = shop.remote.head
    done = act(shop, "lock", CARTS, "--dry-run")
    assert done.stdout.splitlines()[:2] == ["--- a/carts.yaml", "+++ b/carts.yaml"]
    assert '+    automator.dev/locked: "true"' in done.stdout.splitlines()
    assert shop.remote.head == head


def test_what_is_so_already_makes_no_commit(shop):
    act(shop, "lock", CARTS, "--reason", "INC-123")
    head = shop.remote.head
    for args in (["lock", CARTS, "--reason", "INC-123"], ["lock", CARTS]):
        assert act(shop, *args).stdout == f"nothing to change: {CARTS} is so already\n"
    shape = shop.json("lock", CARTS, *ANN)
    assert len(shape.pop("diff_id")) == 64
    assert shape == {
        "config_repo": "shop", "commit": None, "diff": "", "changes": [], "notes": [],
    }  # fmt: skip
    assert shop.remote.head == head


def test_the_person_is_the_author_and_automator_the_committer(shop):
    act(shop, "deautomate", CARTS)
    names = git(shop.remote.bare, "log", "-1", "--format=%an <%ae> %cn", "main").strip()
    assert names == "Ann <ann@example.com> automator"


def test_without_an_author_it_is_who_git_says(shop):
    shop.env = {"GIT_AUTHOR_NAME": "Bob", "GIT_AUTHOR_EMAIL": "bob@example.com"}
    assert shop.run("lock", CARTS).returncode == 0
    assert "Acted-by: Bob <bob@example.com>" in shop.remote.message


@pytest.fixture
def unnamed(monkeypatch):
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)


def test_or_who_the_persons_git_configuration_says(shop, tmp_path, unnamed):
    (tmp_path / "gitconfig").write_text("[user]\nname = Zoë\nemail = zoe@example.com\n")
    shop.env = {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}
    assert shop.run("lock", CARTS).returncode == 0
    assert git(shop.remote.bare, "log", "-1", "--format=%an", "main").strip() == "Zoë"


def test_nobody_acts(shop, tmp_path, unnamed):
    (tmp_path / "empty").write_text("")
    empty = str(tmp_path / "empty")
    shop.env = {"GIT_CONFIG_GLOBAL": empty, "GIT_CONFIG_SYSTEM": empty}
    done = shop.run("lock", CARTS)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("automator: who acts is not known")


def test_what_is_not_automated_stays_until_it_is(shop):
    act(shop, "deautomate", CARTS)
    shop.run("run", "--once")
    assert image_of(shop) == "1.0.0"
    act(shop, "automate", CARTS)
    shop.run("run", "--once")
    assert image_of(shop) == "1.1.0"


def test_a_policy_is_set_in_place_of_the_one_before(shop):
    act(shop, "set-policy", CARTS, "semver:~1.0", "--container", "main")
    assert b'automator.dev/policy: "semver:~1.0"   # ours\n' in shop.remote.show("carts.yaml")
    shop.run("run", "--once")
    assert image_of(shop) == "1.0.0"


def test_a_policy_with_a_mistake_shows_it(shop):
    head = shop.remote.head
    done = shop.run("set-policy", CARTS, "semver:^1 <", *ANN)
    assert done.returncode == 2
    assert "semver:^1 [<]" in done.stderr
    assert shop.remote.head == head


def test_a_release_moves_the_image_and_history_has_it(shop):
    done = act(shop, "release", CARTS, "1.1.0", "--reason", "now")
    assert image_of(shop) == "1.1.0"
    assert done.stderr == ""
    [update] = shop.json("history")["updates"]
    assert (update["workload"], update["container"]) == (CARTS, "main")
    assert (update["author"], update["policy"]) == ("Ann", "release by Ann")
    assert update["digest"].startswith("sha256:")


def test_a_release_of_what_the_registry_has_not_is_refused(shop):
    done = shop.run("release", CARTS, "9.9.9", *ANN)
    assert done.returncode == 1
    assert "the registry has no image" in done.stderr
    assert shop.remote.count == 1


def test_a_release_against_the_policy_is_told(shop, push_tags):
    push_tags("2.0.0", first_hour=5)
    done = act(shop, "release", CARTS, "2.0.0")
    assert "would not take 2.0.0: outside the range" in done.stderr
    shop.run("run", "--once")
    assert image_of(shop) == "2.0.0"


def test_a_release_that_the_next_pass_would_move_on_is_told(shop, push_tags):
    push_tags("1.0.1", first_hour=0)
    done = act(shop, "release", CARTS, "1.0.1")
    assert "moves it on to 1.1.0 at the next pass" in done.stderr


def test_a_pinned_image_is_released_and_rolled_back_with_its_digest(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    text = deployment("carts", f"{image}:1.0.0", "{update: semver:^1, pin_digest: true}")
    world.remote.commit({"carts.yaml": text})
    act(world, "release", CARTS, "1.1.0")
    assert f"{image}:1.1.0@sha256:".encode() in world.remote.show("carts.yaml")
    act(world, "rollback", CARTS, "--to", "1.0.0")
    assert f"{image}:1.0.0@sha256:".encode() in world.remote.show("carts.yaml")


def test_a_platform_that_the_policy_asks_for(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    text = deployment("carts", f"{image}:1.0.0", "{update: semver:^1, platforms: linux/arm64}")
    world.remote.commit({"carts.yaml": text})
    done = world.run("release", CARTS, "1.1.0", *ANN)
    assert (done.returncode, image_of(world)) == (2, "1.0.0")
    assert "1.1.0 lacks linux/arm64" in done.stderr
    done = act(world, "release", CARTS, "1.1.0", "--force")
    assert "would not take 1.1.0: lacks a platform" in done.stderr
    assert image_of(world) == "1.1.0"


def test_what_is_no_image_is_not_released(shop, registry, image_path):
    write_image(registry.storage, image_path, "chart", make_artifact(EMPTY, artifact_type="x/y"))
    done = shop.run("release", CARTS, "chart", *ANN)
    assert (done.returncode, image_of(shop)) == (2, "1.0.0")
    assert "is no image" in done.stderr


def test_hours_of_the_policy_hold_no_person(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    text = deployment("carts", f"{image}:1.0.0", "{update: semver:^1, min_age: 9999d}")
    world.remote.commit({"carts.yaml": text})
    done = act(world, "release", CARTS, "1.1.0")
    assert "would wait: held: min_age until" in done.stderr
    assert image_of(world) == "1.1.0"


def test_a_lock_stops_a_release_but_for_force(shop):
    act(shop, "lock", CARTS, "--reason", "INC-123")
    done = shop.run("release", CARTS, "1.1.0", *ANN)
    assert (done.returncode, image_of(shop)) == (2, "1.0.0")
    assert "is locked: INC-123 (--force" in done.stderr
    act(shop, "release", CARTS, "1.1.0", "--force")
    assert image_of(shop) == "1.1.0"


def test_a_rollback_locks(shop):
    shop.run("run", "--once")
    act(shop, "rollback", CARTS, "--reason", "it leaks")
    assert image_of(shop) == "1.0.0"
    assert b'automator.dev/locked-reason: "rolled back from 1.1.0: it leaks"' in shop.remote.show("carts.yaml")  # fmt: skip
    shop.run("run", "--once")
    assert image_of(shop) == "1.0.0"


def test_a_denied_tag_is_not_picked_again_but_the_next_one_is(shop, push_tags):
    shop.run("run", "--once")
    act(shop, "rollback", CARTS, "--deny")
    assert shop.remote.message.startswith(f"Roll back {CARTS} to 1.0.0\n")
    shop.run("run", "--once")
    assert image_of(shop) == "1.0.0"
    push_tags("1.1.1", first_hour=9)
    shop.run("run", "--once")
    assert image_of(shop) == "1.1.1"
    moves = [(u["from"], u["to"]) for u in shop.json("history")["updates"]]
    assert [tuple(image.rpartition(":")[2] for image in move) for move in moves] == [
        ("1.0.0", "1.1.1"), ("1.1.0", "1.0.0"), ("1.0.0", "1.1.0"),
    ]  # fmt: skip


def test_a_second_rollback_goes_on_back(shop, push_tags):
    shop.run("run", "--once")
    push_tags("1.2.0", first_hour=9)
    shop.run("run", "--once")
    act(shop, "rollback", CARTS, "--deny")
    act(shop, "rollback", CARTS, "--deny")
    assert image_of(shop) == "1.0.0"


def test_without_a_log_a_rollback_wants_a_tag(shop):
    done = shop.run("rollback", CARTS, *ANN)
    assert done.returncode == 2
    assert "the audit log does not tell what was before" in done.stderr


def test_the_policy_of_a_policy_file_is_written_out_to_deny(shop, image):
    (shop.directory / "policies.yaml").write_text(
        "policies:\n- name: all\n  update: semver:^1\n  prerelease: true\n"
    )
    shop.settings["policies"] = ["policies.yaml"]
    plain = deployment("carts", f"{image}:1.1.0").replace(b'    automator.dev/policy: "semver:^1"   # ours\n', b'    team: "a"\n')  # fmt: skip
    shop.remote.commit({"carts.yaml": plain})
    done = act(shop, "rollback", CARTS, "--to", "1.0.0", "--deny")
    assert "the policy all semver:^1 is written out here, without 1.1.0" in done.stderr
    text = shop.remote.show("carts.yaml").decode()
    assert 'automator.dev/policy: "{update: semver:^1, exclude: [1.1.0], prerelease: true}"' in text.replace("'", '"').replace('["1.1.0"]', "[1.1.0]")  # fmt: skip
    shop.run("run", "--once")
    assert image_of(shop) == "1.0.0"


def test_a_workload_behind_an_overlay_goes_back_there(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    entry = f"images:\n- name: {image}\n  newTag: 1.0.0 # prod\nresources: [../base]\n"
    world.remote.commit(
        {
            "base/carts.yaml": deployment("carts", f"{image}:0.1.0"),
            "base/kustomization.yaml": b"resources: [carts.yaml]\n",
            "prod/kustomization.yaml": entry.encode(),
        }
    )
    world.run("run", "--once")
    assert b"newTag: 1.1.0 # prod" in world.remote.show("prod/kustomization.yaml")
    act(world, "rollback", CARTS)
    assert world.remote.show("prod/kustomization.yaml") == entry.encode()
    assert world.run("run", "--once").stdout == "nothing to change\n"


def test_a_workload_in_two_config_repos_wants_one_of_them(shop, tmp_path_factory):
    other = RemoteRepo(tmp_path_factory.mktemp("other"))
    other.commit({"carts.yaml": shop.remote.show("carts.yaml")})
    shop.settings["config_repos"].append({"name": "other", "url": other.url})
    done = shop.run("lock", CARTS, *ANN)
    assert done.returncode == 2
    assert "is in several config repos: shop, other (--repo NAME)" in done.stderr
    act(shop, "lock", CARTS, "--repo", "other")
    assert (shop.remote.count, other.count) == (1, 2)


def test_a_reason_makes_no_trailer(shop):
    reason = "why\n\nImage-Update: a b c:1 -> c:2\nPolicy: mine"
    act(shop, "lock", CARTS, "--reason", reason)
    [entry] = shop.json("history")["updates"]
    assert (entry["to"], entry["policy"]) == ("", f"lock by Ann: {reason}")
    [row] = shop.json("workloads")["workloads"]
    assert row["reason"] == f"locked: {reason}"


def test_sync_is_one_pass(shop):
    done = shop.run("sync")
    assert (done.returncode, image_of(shop)) == (0, "1.1.0")
    assert f"pushed {shop.remote.head} to shop" in done.stdout


def test_somebody_pushes_in_between(shop, tmp_path):
    """The first push finds that the branch has moved: a hook on the remote moves it then."""
    other = shop.remote.commit({"README": b"hello\n"})
    git(shop.remote.bare, "update-ref", "refs/heads/main", f"{other}~1")
    hook = shop.remote.bare / "hooks" / "pre-receive"
    hook.write_text(
        f"#!/bin/sh\nunset GIT_QUARANTINE_PATH\nrm $0\ngit update-ref refs/heads/main {other}\n"
    )
    hook.chmod(0o755)
    act(shop, "lock", CARTS)
    assert not hook.exists()
    assert git(shop.remote.bare, "rev-parse", "main~1").strip() == other
    assert b'automator.dev/locked: "true"' in shop.remote.show("carts.yaml")


def test_a_file_that_cannot_be_edited_stays(shop, image):
    alone = f"kind: Pod\nmetadata: {{name: &n a, annotations: null}}\nspec: {{containers: [{{name: main, image: '{image}:1.0.0'}}]}}\n"  # fmt: skip
    shop.remote.commit({"a.yaml": alone.encode()})
    head = shop.remote.head
    done = shop.run("lock", "default:pod/a", *ANN)
    assert (done.returncode, done.stdout, shop.remote.head) == (1, "", head)
    assert done.stderr.startswith("automator: a.yaml:2:")


def test_values_have_no_place_for_a_lock_but_for_a_policy(shop, image):
    values = f"image:\r\n  repository: {image}\r\n  tag: 1.0.0  # keep me\r\n"
    shop.remote.commit({"chart/values.yaml": values.encode()})
    name = "default:values/chart/values"
    done = shop.run("lock", name, *ANN)
    assert done.returncode == 1
    assert "no annotation can stand here (a comment can say a policy" in done.stderr
    act(shop, "set-policy", name, "none")
    act(shop, "set-policy", name, "semver:~1.0")
    after = shop.remote.show("chart/values.yaml").decode()
    assert after == values.replace("keep me", "keep me # automator: semver:~1.0")


def test_an_unknown_workload(shop):
    done = shop.run("lock", "shop:deployment/cart", *ANN)
    assert done.returncode == 2
    assert "no workload is named 'shop:deployment/cart'" in done.stderr


def test_history_tells_of_acts_that_moved_no_image(shop):
    act(shop, "lock", CARTS, "--reason", "INC-123")
    act(shop, "unlock", CARTS)
    told = [(one["workload"], one["to"], one["policy"]) for one in shop.json("history")["updates"]]
    assert told[:2] == [(CARTS, "", "unlock by Ann"), (CARTS, "", "lock by Ann: INC-123")]
