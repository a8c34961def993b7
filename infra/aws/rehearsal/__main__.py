"""Runs the rehearsal: `python -m infra.aws.rehearsal`."""

import sys

from infra.aws.rehearsal.cli import main

if __name__ == "__main__":
    sys.exit(main())
