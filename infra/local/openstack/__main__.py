"""The command: python -m infra.local.openstack {install,start,stop,status,reset,purge}."""

import signal
import sys

from .cli import main

# However this command is interrupted, it takes along what it was starting.
signal.signal(signal.SIGTERM, signal.default_int_handler)
sys.exit(main())
