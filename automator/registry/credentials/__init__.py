"""Which credential belongs to an image repository. Knows nothing of challenges and tokens."""

from automator.registry.credentials.credential import Credential as Credential
from automator.registry.credentials.docker import default_docker_config as default_docker_config
from automator.registry.credentials.source import Credentials as Credentials
