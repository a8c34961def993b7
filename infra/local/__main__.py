"""The command: python -m infra.local {up,run}."""

import sys

from infra.local.cli import main

sys.exit(main())
