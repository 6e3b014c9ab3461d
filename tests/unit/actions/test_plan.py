"""What actions write, and where: annotations on objects, comments elsewhere, refusals where neither would do."""

import pytest

from automator.actions.action import (
    Automate,
    Deautomate,
    Lock,
    Release,
    Rollback,
    SetPolicy,
    Unlock,
)
from automator.errors import EditRefused, UsageError
from automator.model.policy import Expression, Match, Policy, PolicyKind, Rule
from tests.unit.actions.making import act, pod

CARTS = "shop:deployment/carts"
TWO = ("main quay.io/shop/carts:1.0.0", "proxy quay.io/shop/proxy:2.0.0")


def line(key, value):
    return f'    automator.dev/{key}: "{value}"\n'


SAYS = {
    "lock": (Lock(workload=CARTS), "", line("locked", "true")),
    "lock, why": (Lock(workload=CARTS, reason="INC-1"), "", line("locked", "true") + line("locked-reason", "INC-1")),
    "lock, another reason": (Lock(workload=CARTS, reason="b"), line("locked", "true") + line("locked-reason", "a"), line("locked", "true") + line("locked-reason", "b")),
    "lock, what was unlocked for a reason": (Lock(workload=CARTS), line("locked", "false") + line("locked-reason", "a"), line("locked", "true")),
    "unlock": (Unlock(workload=CARTS), "    team: a\n" + line("locked", "true") + line("locked-reason", "a"), "    team: a\n"),
    "automate": (Automate(workload=CARTS), line("automated", "false"), line("automated", "true")),
    "deautomate": (Deautomate(workload=CARTS), line("policy", "latest"), line("policy", "latest") + line("automated", "false")),
    "deautomate what a dialect automates": (Deautomate(workload=CARTS), '    fluxcd.io/automated: "true"\n', '    fluxcd.io/automated: "true"\n' + line("automated", "false")),
    "policy": (SetPolicy(workload=CARTS, policy=" semver:^1\n"), line("policy", "latest"), line("policy", "semver:^1")),
    "policy of the only container": (SetPolicy(workload=CARTS, policy="semver:^1", container="main"), line("policy", "latest"), line("policy", "semver:^1")),
    "policy of a container that has its own": (SetPolicy(workload=CARTS, policy="semver:^1", container="main"), line("policy.main", "latest"), line("policy.main", "semver:^1")),
    "policy with options": (SetPolicy(workload=CARTS, policy="{update: latest, exclude: [a]}"), line("policy", "latest"), line("policy", "{update: latest, exclude: [a]}")),
}  # fmt: skip


@pytest.mark.parametrize("row", SAYS)
def test_annotations(row):
    action, before, after = SAYS[row]
    files = {"carts.yaml": pod(annotations=before), "other.yaml": pod("orders")}
    assert act(files, action)[0] == {"carts.yaml": pod(annotations=after)}


SAYS_SO = {
    "locked": (Lock(workload=CARTS), line("locked", "true")),
    "locked, for the same reason": (Lock(workload=CARTS, reason="a"), line("locked", "true") + line("locked-reason", "a")),
    "locked for a reason, and none is given": (Lock(workload=CARTS), line("locked", "true") + line("locked-reason", "a")),
    "unlocked": (Unlock(workload=CARTS), "    team: a\n"),
    "automated": (Automate(workload=CARTS), line("automated", "true")),
    "not automated": (Deautomate(workload=CARTS), line("automated", "false")),
    "ruled": (SetPolicy(workload=CARTS, policy="semver:^1"), line("policy", "semver:^1")),
}  # fmt: skip


@pytest.mark.parametrize("row", SAYS_SO)
def test_what_is_so_already_changes_nothing(row):
    action, annotations = SAYS_SO[row]
    assert act({"carts.yaml": pod(annotations=annotations)}, action)[0] == {}


def test_a_policy_for_all_containers_comes_into_those_that_have_their_own():
    before = line("policy.proxy", "none")
    [after] = act(
        {"a.yaml": pod("carts", *TWO, annotations=before)},
        SetPolicy(workload=CARTS, policy="semver:^1"),
    )[0].values()
    said = line("policy.proxy", "semver:^1") + line("policy", "semver:^1")
    assert after == pod("carts", *TWO, annotations=said)


def test_a_policy_for_one_of_two():
    action = SetPolicy(workload=CARTS, policy="none", container="proxy")
    [after] = act({"a.yaml": pod("carts", *TWO)}, action)[0].values()
    assert after == pod("carts", *TWO, annotations=line("policy.proxy", "none"))


def test_every_file_that_holds_the_workload():
    files = {f"{env}/carts.yaml": pod() for env in ("prod", "test")}
    locked = pod(annotations=line("locked", "true"))
    assert act(files, Lock(workload=CARTS))[0] == dict.fromkeys(files, locked)
    only = Lock(workload=CARTS, path="prod/**")
    assert act(files, only)[0] == {"prod/carts.yaml": locked}


REFUSED = {
    "unlocked here, locked on the template": (Unlock(workload=CARTS), pod(template="automator.dev/locked: 'true'"), "would stay locked"),
    "locked by another tool": (Unlock(workload=CARTS), pod(annotations='    fluxcd.io/locked: "true"\n'), "would stay locked"),
    "a policy of what is not automated": (SetPolicy(workload=CARTS, policy="latest"), pod(annotations=line("automated", "false")), "not automated"),
}  # fmt: skip


@pytest.mark.parametrize("row", REFUSED)
def test_what_would_not_have_its_effect_is_refused(row):
    action, text, why = REFUSED[row]
    with pytest.raises(EditRefused, match=why) as refused:
        act({"a.yaml": text}, action)
    assert refused.value.location.startswith("a.yaml:")


BASE = {
    "base/carts.yaml": pod(),
    "base/kustomization.yaml": "resources: [carts.yaml]\n",
    "prod/kustomization.yaml": "resources: [../base]\nimages:\n- name: quay.io/shop/carts\n  newTag: 1.0.1\n",
    "test/kustomization.yaml": "resources: [../base]\nimages:\n- name: quay.io/shop/carts\n  newTag: 1.0.2\n",
}  # fmt: skip


def test_a_lock_holds_the_entries_that_set_the_image():
    assert list(act(BASE, Lock(workload=CARTS))[0]) == ["base/carts.yaml"]


def test_a_lock_that_an_entry_with_its_own_policy_would_not_heed_is_refused():
    ruled = BASE["prod/kustomization.yaml"].replace("1.0.1", "1.0.1 # automator: latest")
    with pytest.raises(EditRefused, match="it would not be locked") as refused:
        act(BASE | {"prod/kustomization.yaml": ruled}, Lock(workload=CARTS))
    assert refused.value.location.startswith("prod/kustomization.yaml:")


def test_an_entry_has_no_place_for_a_lock():
    with pytest.raises(EditRefused, match="no annotation can stand here") as refused:
        act(BASE, Lock(workload="default:kustomization/prod"))
    assert refused.value.hint == f"name a workload whose image it sets: {CARTS}"


def test_an_entry_has_a_place_for_a_policy():
    action = SetPolicy(workload="default:kustomization/prod", policy="semver:^1")
    [after] = act(BASE, action)[0].values()
    assert "newTag: 1.0.1 # automator: semver:^1\n" in after


def test_a_policy_that_an_entry_with_its_own_would_not_heed_is_refused():
    ruled = BASE["prod/kustomization.yaml"].replace("1.0.1", "1.0.1 # automator: latest")
    with pytest.raises(EditRefused, match="another word is nearer") as refused:
        act(BASE | {"prod/kustomization.yaml": ruled}, SetPolicy(workload=CARTS, policy="none"))
    assert refused.value.location.startswith("prod/kustomization.yaml:")


ONE = {path: text for path, text in BASE.items() if not path.startswith("test/")}


def test_a_rollback_of_what_an_entry_sets_locks_the_workload():
    edited, _ = act(ONE, Rollback(workload=CARTS), to="1.0.0")
    assert list(edited) == ["base/carts.yaml", "prod/kustomization.yaml"]
    assert "newTag: 1.0.0\n" in edited["prod/kustomization.yaml"]


def test_a_rollback_in_one_overlay_denies():
    files = BASE | {"base/carts.yaml": pod(annotations=line("policy", "semver:^1"))}
    with pytest.raises(EditRefused, match="no annotation can stand here") as refused:
        act(files, Rollback(workload=CARTS, path="prod/**"), to="1.0.0")
    assert "--deny" in refused.value.hint
    action = Rollback(workload=CARTS, path="prod/**", deny=True)
    edited, _ = act(files, action, to="1.0.0")
    wanted = "newTag: 1.0.0 # automator: {update: semver:^1, exclude: [1.0.1]}\n"
    assert edited == {"prod/kustomization.yaml": BASE["prod/kustomization.yaml"].replace("newTag: 1.0.1\n", wanted)}  # fmt: skip


def test_an_image_that_is_set_outside_of_the_files_that_count():
    with pytest.raises(UsageError, match=r"is set elsewhere: prod/kustomization\.yaml:4:11"):
        act(ONE, Release(workload=CARTS, tag="1.1.0", path="base/**"), to="1.1.0")


def test_an_image_that_several_entries_set_wants_a_path():
    with pytest.raises(UsageError, match=r"from several files: prod/kustomization\.yaml, test/"):
        act(BASE, Release(workload=CARTS, tag="1.1.0"), to="1.1.0")
    action = Release(workload=CARTS, tag="1.1.0", path="prod/**")
    [(path, after)] = act(BASE, action, to="1.1.0")[0].items()
    assert (path, "newTag: 1.1.0\n" in after) == ("prod/kustomization.yaml", True)


def test_what_reads_the_same_text_moves_and_is_told():
    shared = pod().replace("image: '", "image: &i '").replace("'}]", "'}, {name: two, image: *i}]")
    action = Release(workload=CARTS, tag="1.1.0", container="main")
    edited, notes = act({"a.yaml": shared}, action, to="1.1.0")
    assert edited == {"a.yaml": shared.replace("1.0.0", "1.1.0")}
    assert notes == ["shop:deployment/carts two reads the same text, and moves, too"]


def test_a_lock_that_holds_others_is_told():
    files = BASE | {"base/orders.yaml": pod("orders"), "base/kustomization.yaml": "resources: [carts.yaml, orders.yaml]\n"}  # fmt: skip
    notes = act(files, Lock(workload=CARTS))[1]
    assert notes == [
        f"{env}/kustomization.yaml:4:11 sets the image of shop:deployment/orders, too"
        for env in ("prod", "test")
    ]


def test_a_denied_tag_of_an_entry_stands_in_its_comment():
    files = {"p/kustomization.yaml": "images:\n- name: a/b\n  newTag: 1.0.10  # automator: semver:^1\n"}  # fmt: skip
    action = Rollback(workload="default:kustomization/p", deny=True)
    [after] = act(files, action, to="1.0.9")[0].values()
    assert "newTag: 1.0.9  # automator: {update: semver:^1, exclude: [" in after
    assert "1.0.10" in after


def test_a_rollback_locks_and_says_why():
    action = Rollback(workload=CARTS, reason="it leaks")
    [after] = act({"a.yaml": pod()}, action, to="0.9.0")[0].values()
    said = line("locked", "true") + line("locked-reason", "rolled back from 1.0.0: it leaks")
    assert after == pod("carts", "main quay.io/shop/carts:0.9.0", annotations=said)


def test_what_no_policy_moves_needs_no_denial():
    edited, notes = act({"a.yaml": pod()}, Rollback(workload=CARTS, deny=True), to="0.9.0")
    assert edited == {"a.yaml": pod("carts", "main quay.io/shop/carts:0.9.0")}
    assert notes == ["a.yaml:6:59: no policy moves it: nothing to deny"]


def test_the_policy_of_a_file_is_written_out_to_deny_a_tag():
    policy = Policy(name="all", update=Expression(PolicyKind.LATEST, "", "latest"))
    rules = [Rule(match=Match(), policy=policy)]
    action = Rollback(workload=CARTS, deny=True)
    edited, notes = act({"a.yaml": pod()}, action, to="0.9.0", rules=rules)
    assert 'automator.dev/policy: "{update: latest, exclude: [1.0.0]}"' in edited["a.yaml"]
    assert notes == ["the policy all latest is written out here, without 1.0.0"]


def test_a_digest_cannot_be_denied():
    text = pod(annotations=line("policy", "digest:1.0.0"))
    with pytest.raises(UsageError, match="a digest cannot be denied"):
        act({"a.yaml": text}, Rollback(workload=CARTS, deny=True), to="0.9.0")


CHOICES = {
    "no workload": (Lock(workload="shop:deployment/cart"), "no workload is named"),
    "no container": (SetPolicy(workload=CARTS, policy="latest", container="x"), "no such container"),
    "no file": (Lock(workload=CARTS, path="b*"), "in no file like"),
    "one of two": (Release(workload=CARTS, tag="1"), "several containers: main, proxy"),
    "a mistake in a policy": (SetPolicy(workload=CARTS, policy="semver:^1 <"), r"semver:\^1 \[<\]"),
    "a mistake in its options": (SetPolicy(workload=CARTS, policy="{update: latest, excludes: a}"), "unknown key 'excludes'"),
}  # fmt: skip


@pytest.mark.parametrize("row", CHOICES)
def test_what_a_person_should_say_otherwise(row):
    action, why = CHOICES[row]
    with pytest.raises(UsageError, match=why):
        act({"a.yaml": pod("carts", *TWO)}, action)
