"""Bad input of each sort: one clear line on standard error, the documented exit status, never a traceback."""

import pytest

WRONG_USAGE = [
    pytest.param(["plan", "--config", "x"], id="an option of another command"),
    pytest.param(["nonsense"], id="an unknown command"),
    pytest.param(["--config", "absent.yaml", "plan"], id="a configuration that is not there"),
    pytest.param(["plan", "--repo", "absent"], id="an unknown config repo"),
    pytest.param(["select", "semvr:^1"], id="an unknown policy kind"),
    pytest.param(["select", "semver:^1 <"], id="a broken range"),
    pytest.param(["select", "regex:("], id="a broken regular expression"),
    pytest.param(["set", "UPPER:1", "."], id="no image reference"),
    pytest.param(["set", "redis", "."], id="nothing to set"),
    pytest.param(["images", "absent"], id="a folder that is not there"),
    pytest.param(["explain", "shop:deployment/absent"], id="an unknown workload"),
]


@pytest.mark.parametrize("args", WRONG_USAGE)
def test_wrong_usage_is_one_line_and_status_2(world, args):
    world.remote.commit({"README.md": b""})
    done = world.run(*args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("automator: ")
    assert "Traceback" not in done.stderr


def test_mistakes_in_the_configuration_are_all_told_with_their_places(world):
    world.settings["poll_intervall"] = "1m"
    world.settings["git_poll_interval"] = "soon"
    done = world.run("plan")
    assert done.returncode == 2
    assert "poll_interval" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert all("automator.yaml:" in line for line in done.stderr.splitlines())


def test_a_remote_that_is_not_there_is_a_failure_not_a_usage_error(world):
    world.settings["config_repos"][0]["url"] = "file:///nonexistent/config.git"
    done = world.run("plan")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("automator: shop: ")
