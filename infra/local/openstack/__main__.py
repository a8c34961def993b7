"""The command: python -m infra.local.openstack {install,start,stop,status,reset,purge}."""

import sys

from .cli import main

sys.exit(main())
