"""`automator check`: every annotation, comment and policy that has no effect, with its place and the reason."""

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  annotations:\n    {annotations}\nspec:\n  containers:\n  - name: c\n    image: {image}\n"


def pod(name, *annotations, image="x:1"):
    return POD.format(name=name, annotations="\n    ".join(annotations), image=image).encode()


FILES = {
    "in/container.yaml": pod("a", "automator.dev/policy.d: latest"),
    "in/unparsable.yaml": pod("b", "automator.dev/policy: semver:^^1"),
    "in/unknown.yaml": pod("c", "automator.dev/polcy: latest"),
    "in/templated.yaml": pod("d", "automator.dev/policy.c: latest", image="x:${TAG}"),
    "in/values.yaml": b"image:\n  tag: 1.0.0   # automator: semver:^1\n",
    "in/marker.yaml": b'image: ghcr.io/a/b:1 # {"$imagepolicy": "flux-system:nobody"}\n',
    "in/flux.yaml": pod("e", "fluxcd.io/tag.c: semver:~1"),
    "in/keel.yaml": pod("f", "keel.sh/policy: minor", 'keel.sh/approvals: "1"', image="x:1.0.0"),
    "in/anchor.yaml": b"a: &i ghcr.io/x/y:1\nimage: *i   # automator: latest\n",
    "in/renovate.yaml": b"# renovate: datasource=docker\nimage: ghcr.io/a/b:1\n",
    "out/outside.yaml": pod("g", "automator.dev/policy: latest"),
}
PROBLEMS = """\
policies.yaml:2:5: policy 'nothing' matches no container
shop: in/container.yaml:6:29: automator.dev/policy.d has no effect: no container is named 'd' (known: c)
shop: in/flux.yaml:6:22: fluxcd.io/tag.c has no effect
shop: in/keel.yaml:7:24: locked: keel.sh/approvals wants 1 approval
shop: in/marker.yaml:1:24: no ImagePolicy flux-system:nobody
shop: in/templated.yaml:6:29: automator.dev/policy.c has no effect: no container is named 'c' (no image is here)
shop: in/unknown.yaml:6:26: unknown annotation automator.dev/polcy: its workload is held (did you mean automator.dev/policy?)
shop: in/unparsable.yaml:6:34: automator.dev/policy: '^^1' is no version range
shop: in/values.yaml:2:29: this comment marks no image
shop: out/outside.yaml:6:27: automator.dev/policy has no effect: the file is outside of `paths`
""".splitlines()
NOTES = """\
shop: in/anchor.yaml:1:7: 1 other place reads this value through its anchor
shop: in/renovate.yaml:2:8: managed by Renovate: left alone
shop: in/templated.yaml:10:12: 'x:${TAG}' is left alone: it is not written literally
""".splitlines()


def test_nothing_is_passed_over_in_silence(world):
    world.remote.commit(FILES)
    (world.directory / "policies.yaml").write_text(
        "policies:\n  - name: nothing\n    match: {namespace: elsewhere}\n    update: latest\n"
    )
    world.settings["policies"] = ["policies.yaml"]
    world.settings["config_repos"][0]["paths"] = ["in/**"]

    told = world.json("check")

    assert told["failures"] == {}
    problems = sorted(line.replace(f"{world.directory}/", "") for line in told["problems"])
    assert len(problems) == len(PROBLEMS), problems
    for line, begin in zip(problems, PROBLEMS, strict=True):
        assert line.startswith(begin), line
    assert len(told["notes"]) == len(NOTES), told["notes"]
    for line, begin in zip(sorted(told["notes"]), NOTES, strict=True):
        assert line.startswith(begin), line
    done = world.run("check")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == f"{len(PROBLEMS)} problems found, {len(NOTES)} notes"


def test_notes_alone_are_no_failure(world):
    world.remote.commit({"in/renovate.yaml": FILES["in/renovate.yaml"]})
    done = world.run("check")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 problems found, 1 note")


def test_a_file_that_is_not_there_is_told_beside_all_else(world):
    world.remote.commit({"in/values.yaml": FILES["in/values.yaml"]})
    world.settings["pull_secrets"] = ["gone"]
    missing, comment = world.json("check")["problems"]
    assert missing.startswith("automator.yaml:")
    assert "gone cannot be read: No such file or directory" in missing
    assert comment.startswith("shop: in/values.yaml:2:29:")
