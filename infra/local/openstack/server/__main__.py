"""The supervisor's command: python -m infra.local.openstack.server STATE."""

import sys
from pathlib import Path

from infra.local.openstack.state import State

from .supervisor import supervise

sys.exit(supervise(State(Path(sys.argv[1]))))
