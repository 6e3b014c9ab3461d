"""The main job with the installed command: a real registry, a real Git remote, one pass."""

import json

from tests.servers.images import make_image, write_image
from tests.system.world import deployment, git


def test_a_new_tag_becomes_an_exact_audited_commit(world, image, push_tags):
    push_tags("1.0.0", "1.0.1", "1.1.0", "2.0.0", "1.2.0-rc.1", "latest")
    before = deployment("carts", f"{image}:1.0.0")
    world.remote.commit({"deploy/carts.yaml": before, "README.md": b"hello\n"})

    done = world.run("run", "--once")

    assert done.returncode == 0, done.stderr
    assert world.remote.show("deploy/carts.yaml") == before.replace(b":1.0.0'", b":1.1.0'")
    assert world.remote.show("README.md") == b"hello\n"
    assert world.remote.message == (
        f"Update {image} to 1.1.0 (shop:deployment/carts)\n\n"
        f"Image-Update: shop:deployment/carts main {image}:1.0.0 -> {image}:1.1.0\n"
        "Policy: annotation semver:^1"
    )


def test_a_second_pass_finds_nothing_to_change(world, image, push_tags):
    push_tags("1.0.0", "1.0.1")
    world.remote.commit({"carts.yaml": deployment("carts", f"{image}:1.0.0")})
    world.run("run", "--once")
    head = world.remote.head

    done = world.run("run", "--once")

    assert (done.returncode, done.stdout) == (0, "nothing to change\n")
    assert world.remote.head == head


def test_newest_build_follows_build_times_not_names(world, image, push_tags):
    push_tags("main-zzz", "main-aaa", "feature-x")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:main-zzz", "glob:main-*")})

    assert world.run("run", "--once").returncode == 0
    assert f"{image}:main-aaa'".encode() in world.remote.show("a.yaml")
    assert f"Image-Digest: {image}:main-aaa sha256:" in world.remote.message


def test_a_followed_digest_is_written_beside_its_tag(world, image, push_tags):
    push_tags("stable")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:stable", "digest:stable")})

    assert world.run("run", "--once").returncode == 0
    first = world.remote.show("a.yaml")
    assert f"{image}:stable@sha256:".encode() in first

    push_tags("stable", first_hour=5)
    assert world.run("run", "--once").returncode == 0
    assert world.remote.show("a.yaml") != first
    assert world.remote.count == 3


def test_a_policy_file_rules_where_no_annotation_does(world, image, push_tags):
    push_tags("1.0.0", "1.5.0")
    plain = b"\n".join(
        line
        for line in deployment("a", f"{image}:1.0.0").splitlines()
        if b"annotations" not in line and b"automator.dev" not in line
    )
    world.remote.commit({"a.yaml": plain})
    (world.directory / "policies.yaml").write_text(
        "policies:\n"
        "  - name: everything\n"
        "    match: {workload: 'deployment/*'}\n"
        "    update: semver:^1\n"
    )
    world.settings["policies"] = ["policies.yaml"]

    assert world.run("run", "--once").returncode == 0
    assert world.remote.show("a.yaml") == plain.replace(b":1.0.0'", b":1.5.0'")
    assert "Policy: everything semver:^1" in world.remote.message


def test_plan_tells_and_writes_nothing(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    head = world.remote.head

    plan = world.json("plan")

    assert world.remote.head == head
    change = plan["repos"][0]["changes"][0]
    reason = change.pop("reason")
    assert plan == {"repos": [{"name": "shop", "commit": head, "changes": [change], "errors": []}]}
    assert change == {
        "workload": "shop:deployment/a",
        "container": "main",
        "path": "a.yaml",
        "from": f"{image}:1.0.0",
        "to": f"{image}:1.1.0",
        "policy": "annotation semver:^1",
    }
    assert reason


def test_workloads_shows_what_is_behind_and_how_old(world, image, push_tags):
    push_tags("1.0.0", "1.0.1", "1.1.0")
    world.remote.commit(
        {
            "a.yaml": deployment("a", f"{image}:1.0.0"),
            "b.yaml": deployment("b", f"{image}:1.1.0"),
            "c.yaml": deployment("c", f"{image}:1.0.0", "none"),
            "d.yaml": deployment("d", f"{image}:1.0.0").replace(
                b"  annotations:\n",
                b'  annotations:\n    automator.dev/locked: "true"\n'
                b'    automator.dev/locked-reason: "INC-1"\n',
            ),
            "e.yaml": deployment("e", f"{image}:1.0.0", "semver:^7"),
        }
    )
    rows = {row["workload"][-1]: row for row in world.json("workloads")["workloads"]}

    assert {key: row["status"] for key, row in rows.items()} == {
        "a": "updatable",
        "b": "up to date",
        "c": "no policy",
        "d": "locked",
        "e": "no match",
    }
    assert (rows["a"]["behind"], rows["a"]["latest"]) == (2, "1.1.0")
    assert rows["a"]["latest_created_at"] == "2024-02-01T02:00:00+00:00"
    assert "INC-1" in rows["d"]["reason"]

    table = world.run("workloads").stdout.splitlines()
    assert table[0].split() == [
        "Workload",
        "Container",
        "Image",
        "Current",
        "Behind",
        "Latest",
        "Policy",
        "Status",
    ]
    assert "2h, 2 versions" in table[1]


def test_explain_says_what_the_images_say_of_themselves(world, image, image_path, registry):
    said = {
        "org.opencontainers.image.source": "https://git.example.com/carts",
        "org.opencontainers.image.revision": "4f2a91c",
    }
    write_image(registry.storage, image_path, "1.0.0", make_image(label="old"))
    new = make_image(created="2024-05-06T07:08:09Z", labels=said)
    write_image(registry.storage, image_path, "1.1.0", new)
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    [container] = world.json("explain", "shop:deployment/a")["containers"]
    in_use, selected = container["images"]
    assert in_use["tag"] == "1.0.0"
    assert selected["tag"] == "1.1.0"
    assert selected["digest"] == new.digest
    assert selected["created_at"] == "2024-05-06T07:08:09+00:00"
    assert selected["platforms"] == ["linux/amd64"]
    assert selected["size_bytes"] == len(new.config.data)
    assert (selected["source"], selected["revision"]) == tuple(said.values())
    assert "revision 4f2a91c" in world.run("explain", "shop:deployment/a").stdout


def test_explain_gives_a_verdict_for_every_tag(world, image, push_tags):
    push_tags("1.0.0", "1.1.0", "2.0.0", "nightly")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})

    shape = world.json("explain", "shop:deployment/a")["containers"][0]

    assert shape["tags"] == [
        {"tag": "1.1.0", "accepted": True, "reason": "selected"},
        {"tag": "1.0.0", "accepted": True, "reason": "accepted"},
        {"tag": "2.0.0", "accepted": False, "reason": "outside the range"},
        {"tag": "nightly", "accepted": False, "reason": "not a version"},
    ]
    assert shape["policy_source"] == "a.yaml:8:27"


def test_history_is_read_from_git_alone_on_any_clone(world, image, push_tags, tmp_path):
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    world.run("run", "--once")
    world.remote.commit({"note.txt": b"a person's\n"})
    git(tmp_path, "clone", "-q", world.remote.url, "elsewhere")

    entries = world.json("history", "elsewhere")["updates"]

    assert [(e["workload"], e["from"], e["to"]) for e in entries] == [
        ("shop:deployment/a", f"{image}:1.0.0", f"{image}:1.1.0")
    ]
    assert [e["to"] for e in world.json("history")["updates"]] == [f"{image}:1.1.0"]


def test_batch_workload_makes_a_commit_for_each_in_one_push(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    both = deployment("a", f"{image}:1.0.0") + b"---\n" + deployment("b", f"{image}:1.0.0")
    world.remote.commit({"both.yaml": both})
    world.settings["config_repos"][0]["batch"] = "workload"

    assert world.run("run", "--once").returncode == 0
    assert world.remote.count == 3
    assert world.remote.show("both.yaml") == both.replace(b":1.0.0'", b":1.1.0'")


def test_check_lists_every_mistake_at_once(world, image):
    world.remote.commit(
        {
            "a.yaml": deployment("a", f"{image}:1.0.0", "semver:^1.x.y"),
            "b.yaml": b"kind: Deployment\n  broken: [\nimage: x\n",
        }
    )
    done = world.run("check")
    assert done.returncode == 2
    assert "shop: a.yaml:8:" in done.stdout
    assert "shop: b.yaml:" in done.stdout


def test_run_once_json_names_the_commits(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    result = world.json("run", "--once")
    assert result["repos"][0]["commits"] == [world.remote.head]


def test_images_and_set_work_on_a_folder_without_configuration(tmp_path, world, image):
    folder = tmp_path / "manifests"
    folder.mkdir()
    text = deployment("a", f"{image}:1.0.0").replace(b"\n", b"\r\n")
    (folder / "a.yaml").write_bytes(text)

    images = json.loads(world.run("images", str(folder), "-o", "json").stdout)
    assert [(i["path"], i["line"], i["column"], i["container"], i["image"]) for i in images] == [
        ("a.yaml", 14, 18, "main", f"{image}:1.0.0")
    ]

    done = world.run("set", f"{image}:1.0.7", str(folder))
    assert done.returncode == 0
    assert (folder / "a.yaml").read_bytes() == text.replace(b":1.0.0'", b":1.0.7'")
    done = world.run("set", "nothing/like-it:1", str(folder))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "automator: no image of nothing/like-it is written here\n"


def test_select_reads_tags_and_prints_the_chosen_one(world):
    done = world.run("select", "semver:^1", stdin="1.0.0\n1.2.0\n2.0.0\nmain\n")
    assert (done.returncode, done.stdout) == (0, "1.2.0\n")

    nothing = world.run("select", "semver:^9", stdin="1.0.0\n")
    assert (nothing.returncode, nothing.stdout) == (1, "")

    timed = "b\t2024-01-02T00:00:00Z\na\t2024-01-03T00:00:00Z\n"
    shape = json.loads(world.run("select", "latest", "-o", "json", stdin=timed).stdout)
    assert shape == {
        "selected": "a",
        "tags": [
            {"tag": "a", "accepted": True, "reason": "selected"},
            {"tag": "b", "accepted": True, "reason": "accepted"},
        ],
    }


def test_an_annotation_counts_in_its_own_file_alone(world, image, push_tags):
    """Two overlays hold a workload of one name: what staging says is not said of production."""
    push_tags("1.0.0", "1.1.0", "2.0.0")
    world.remote.commit(
        {
            "production/a.yaml": deployment("a", f"{image}:1.0.0", "semver:^1"),
            "staging/a.yaml": deployment("a", f"{image}:1.0.0", "semver:*"),
        }
    )
    assert world.run("run", "--once").returncode == 0
    assert f"{image}:1.1.0'".encode() in world.remote.show("production/a.yaml")
    assert f"{image}:2.0.0'".encode() in world.remote.show("staging/a.yaml")


def test_a_tag_without_an_image_is_no_candidate_and_stops_nothing(
    world, image, push_tags, registry, image_path
):
    push_tags("main-1", "main-2", "main-3")
    tags = registry.storage / "docker/registry/v2/repositories" / image_path / "_manifests/tags"
    (tags / "main-3/current/link").write_text("sha256:" + "0" * 64)
    world.remote.commit({"a.yaml": deployment("a", f"{image}:main-1", "glob:main-*")})

    assert world.run("run", "--once").returncode == 0
    assert f"{image}:main-2'".encode() in world.remote.show("a.yaml")
    tags = world.json("explain", "shop:deployment/a")["containers"][0]["tags"]
    assert tags[-1] == {"tag": "main-3", "accepted": False, "reason": "no image behind the tag"}
