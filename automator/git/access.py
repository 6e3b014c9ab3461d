"""How a remote is reached: URL, branch and credentials, as the environment of git's child process.

Secrets travel in the child's environment alone: never on a command line, where `ps` shows them.
"""

import base64
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

_SSH_CONNECT_SECONDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    url: str
    branch: str
    username: str | None = None
    password: SecretStr | None = None
    ssh_key_file: Path | None = None
    known_hosts_file: Path | None = None
    ca_file: Path | None = None

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"

    @property
    def shown_url(self) -> str:
        """Without user and password."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"}:
            return self.url
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def environment(self) -> dict[str, str]:
        settings: list[tuple[str, str]] = []
        if self.password is not None:
            pair = f"{self.username or 'git'}:{self.password.get_secret_value()}"
            token = base64.b64encode(pair.encode()).decode()
            # Bound to this URL, so that a redirect to another host does not carry it.
            settings.append((f"http.{self.url}.extraHeader", f"Authorization: Basic {token}"))
        if self.ca_file is not None:
            settings.append(("http.sslCAInfo", str(self.ca_file)))
        environment = {"GIT_SSH_COMMAND": self._ssh_command()}
        environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for index, (key, value) in enumerate(settings):
            environment[f"GIT_CONFIG_KEY_{index}"] = key
            environment[f"GIT_CONFIG_VALUE_{index}"] = value
        return environment

    def _ssh_command(self) -> str:
        """A host key that is not known is refused, never learnt; nothing is asked for."""
        options = [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            f"ConnectTimeout={_SSH_CONNECT_SECONDS}",
        ]
        if self.known_hosts_file is not None:
            options.append(f"UserKnownHostsFile={self.known_hosts_file}")
            options.append("GlobalKnownHostsFile=/dev/null")
        if self.ssh_key_file is not None:
            options += ["IdentitiesOnly=yes", f"IdentityFile={self.ssh_key_file}"]
        words = ["ssh"]
        for option in options:
            words += ["-o", option]
        return shlex.join(words)
