"""SIGKILL between any two steps of a pass, then a restart: nothing is lost, nothing is doubled.

The steps of a pass are bounded by its git child processes, so a git that kills its parent before or after
each of them hits every gap.
"""

import shutil
import signal
from pathlib import Path

import pytest

from tests.system.world import deployment

KILLING_GIT = Path(__file__).with_name("killing_git.sh")
STEPS = ["fetch", "cat-file", "fast-import", "push"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_pass_is_finished_by_the_next(world, image, push_tags, tmp_path, when, step):
    push_tags("1.0.0", "1.1.0")
    before = deployment("a", f"{image}:1.0.0")
    world.remote.commit({"a.yaml": before})
    folder = tmp_path / "bin"
    folder.mkdir()
    once = tmp_path / "once"
    once.touch()
    system_git = shutil.which("git")
    script = KILLING_GIT.read_text()
    # git's environment is cleaned by the program, so the script carries its settings in itself.
    for name, value in (("GIT", system_git), ("AT", f"{when}:{step}"), ("ONCE", once)):
        script = script.replace(f"@{name}@", str(value))
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)
    world.env = {"PATH": f"{folder}:/usr/bin:/bin"}

    killed = world.run("run", "--once")
    assert killed.returncode == -signal.SIGKILL
    assert not once.exists()

    done = world.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert world.remote.show("a.yaml") == before.replace(b":1.0.0'", b":1.1.0'")
    assert world.remote.count == 2
