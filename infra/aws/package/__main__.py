"""Runs the command line: `python -m infra.aws.package`."""

import sys

from infra.aws.package.cli import main

if __name__ == "__main__":
    sys.exit(main())
