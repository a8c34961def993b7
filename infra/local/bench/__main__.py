"""The command: python -m infra.local.bench [NAME ...]."""

import sys

from infra.local.bench.cli import main

sys.exit(main())
