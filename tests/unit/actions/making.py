"""Actions on config repos as text, without Git and registry."""

from dataclasses import replace

from automator.actions.choose import choose, containers_of
from automator.actions.draft import Draft
from automator.actions.images import Moves
from automator.actions.plan import also_touched, check_effect, edit_files
from automator.edit.settings import object_names
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.survey.manifests import ALL_DIALECTS
from tests.unit.survey.making import make_snapshot

BY_HAND = Policy(name="release", update=Expression(PolicyKind.NONE, "", "by Ann"))


def act(files, action, to=None, rules=()):
    """The files that change, and the notes. `to` is the tag of a release or a rollback."""
    snapshot = make_snapshot(files)
    containers = containers_of(snapshot, rules)
    chosen = choose(containers, action)
    data = {path: files[path].encode() for path, _ in (*chosen.own, *chosen.effective)}
    moves = Moves()
    for key, container in chosen.effective.items() if to else ():
        image = replace(container.field.image, tag=to)
        moves.changes[key] = Change(field=container.field, to=image, policy=BY_HAND, reason="")
    places = {path: object_names(path, content) for path, content in data.items()}
    draft = Draft(snapshot=snapshot, before=containers, places=places, changes=moves.changes)
    draft.add(action, chosen)
    edited = edit_files(draft, data)
    after = check_effect(action, draft, chosen, edited, (rules, ALL_DIALECTS))
    return {path: content.decode() for path, content in edited.items()}, [
        *draft.notes,
        *also_touched(draft, chosen, after),
    ]


def pod(name="carts", *containers, annotations="", template=""):
    """A deployment in flow, an annotation a line."""
    images = ", ".join(
        f"{{name: {one.partition(' ')[0]}, image: '{one.partition(' ')[2]}'}}"
        for one in containers or ("main quay.io/shop/carts:1.0.0",)
    )
    more = f"  annotations:\n{annotations}" if annotations else ""
    inner = f"metadata: {{annotations: {{{template}}}}}, " if template else ""
    return (
        f"kind: Deployment\napiVersion: apps/v1\nmetadata:\n  name: {name}\n  namespace: shop\n{more}"
        f"spec: {{template: {{{inner}spec: {{containers: [{images}]}}}}}}\n"
    )
