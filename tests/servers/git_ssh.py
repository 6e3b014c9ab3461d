"""sshd on a free loopback port with a host key and one user's key of its own, for Git over ssh."""

import getpass
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SSHD = "/usr/sbin/sshd"

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
PidFile none
AuthorizedKeysFile {directory}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshServer:
    port: int
    user_key: Path
    known_hosts: Path

    def url(self, bare: Path) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{bare}"


def make_key(path: Path) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True
    )
    return path


@contextmanager
def git_ssh(directory: Path) -> Iterator[SshServer]:
    directory.mkdir(parents=True, exist_ok=True)
    host_key, user_key = make_key(directory / "host_key"), make_key(directory / "user_key")
    (directory / "authorized_keys").write_bytes(user_key.with_suffix(".pub").read_bytes())
    if os.geteuid() == 0:
        # sshd wants the folder of its unprivileged half, which Debian makes when the service starts.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = directory / "sshd_config"
    config.write_text(_CONFIG.format(port=port, directory=directory))
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "listening on" in line:
                break
        else:
            raise RuntimeError("sshd did not start")
        known_hosts = directory / "known_hosts"
        public = host_key.with_suffix(".pub").read_text()
        known_hosts.write_text(f"[127.0.0.1]:{port} {public}")
        yield SshServer(port=port, user_key=user_key, known_hosts=known_hosts)
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()
