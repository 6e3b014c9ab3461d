"""The one function that starts git: clean environment, no prompt, a time limit, errors of ours."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio

from automator.errors import GitError, RemoteDenied, RemoteUnavailable

NETWORK_SECONDS = 300
LOCAL_SECONDS = 120

_USER_INFO = re.compile(r"(\w+://)[^/@\s]+@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")
_DENIED = re.compile(
    r"authentication failed|could not read (?:username|password)|permission denied|"
    r"host key verification failed|returned error: (?:401|403)|access denied|not authorized|"
    r"no .* host key is known|remote host identification has changed",
    re.IGNORECASE,
)
_UNREACHABLE = re.compile(
    r"could not resolve|connection (?:refused|reset|timed out|closed)|unable to access|"
    r"could not read from remote repository|early eof|hung up unexpectedly|"
    r"returned error: 5\d\d|operation timed out|network is unreachable|no route to host|"
    r"does not appear to be a git repository|does not exist",
    re.IGNORECASE,
)
_KEPT = (
    "PATH",
    "HOME",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "all_proxy",
)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of the person's own Git configuration or GIT_* variables reaches the child."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept |= {name.upper(): os.environ[name.upper()] for name in _KEPT if name.upper() in os.environ}
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        **(extra or {}),
    }


async def run_git(
    args: Sequence[str],
    *,
    directory: Path | None = None,
    stdin: bytes | None = None,
    extra_env: Mapping[str, str] | None = None,
    seconds: float = LOCAL_SECONDS,
) -> bytes:
    """Standard output. Raises GitError or one below it, with git's own words in one line.

    Cancelling kills the child.
    """
    status, output, errors = await try_git(
        args, directory=directory, stdin=stdin, extra_env=extra_env, seconds=seconds
    )
    if status != 0:
        raise explain_failure(args, errors)
    return output


async def try_git(
    args: Sequence[str],
    *,
    directory: Path | None = None,
    stdin: bytes | None = None,
    extra_env: Mapping[str, str] | None = None,
    seconds: float = LOCAL_SECONDS,
) -> tuple[int, bytes, str]:
    """Exit status, standard output, and standard error without secrets."""
    try:
        with anyio.fail_after(seconds):
            done = await anyio.run_process(
                ["git", *args],
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                cwd=directory,
                env=environment(extra_env),
                check=False,
            )
    except TimeoutError as error:
        raise RemoteUnavailable(f"git {args[0]} took longer than {seconds:.0f} s") from error
    except FileNotFoundError as error:
        raise GitError("git is not installed", hint="apt-get install git") from error
    return done.returncode, done.stdout, redact(done.stderr.decode(errors="replace"))


def redact(text: str) -> str:
    return _USER_INFO.sub(r"\1", text)


def explain_failure(args: Sequence[str], errors: str) -> GitError:
    """The last words of git, and what kind of failure they are."""
    message = one_line(errors) or f"git {args[0]} failed"
    if _DENIED.search(errors):
        return RemoteDenied(
            message, hint="check the credentials and known_hosts_file of this config repo"
        )
    if _UNREACHABLE.search(errors):
        return RemoteUnavailable(message, hint="check the url of this config repo, and the network")
    return GitError(message)


def one_line(errors: str) -> str:
    """The lines that say something, joined; control characters of the remote do not reach a terminal."""
    lines = [_CONTROL.sub(" ", line).strip() for line in errors.splitlines()]
    telling = [
        line.removeprefix("fatal: ").removeprefix("error: ")
        for line in lines
        if line.startswith(("fatal:", "error:", "remote:", "ssh:", "! ["))
        or "denied" in line.lower()
        or "Host key" in line
    ]
    return "; ".join(dict.fromkeys(telling or [line for line in lines if line]))[:500]
