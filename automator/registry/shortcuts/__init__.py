"""What a registry tells of its tags beside the OCI protocol: many digests and times for one request."""

from automator.registry.shortcuts.choice import KNOWN_APIS as KNOWN_APIS
from automator.registry.shortcuts.choice import Api as Api
from automator.registry.shortcuts.choice import ApiKind as ApiKind
from automator.registry.shortcuts.choice import Shortcuts as Shortcuts
