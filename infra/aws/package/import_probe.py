"""Import one handler from an unzipped package and print the modules that are loaded then.

Run as a file, by the package's Python, with nothing else on its path: so it imports nothing of
this project by itself. `python -I -S import_probe.py TREE MODULE.FUNCTION`
"""

import importlib
import json
import sys
from pathlib import Path


def main(tree: str, handler: str) -> None:
    """Import it.

    Raises:
        ImportError, AttributeError, SyntaxError: it cannot be had.
        TypeError: it is nothing that can be called.
        LookupError: a module came from elsewhere than the tree or the standard library.
    """
    standard = [*sys.path]
    sys.path.insert(0, tree)
    module, _, name = handler.rpartition(".")
    if not callable(getattr(importlib.import_module(module), name)):
        raise TypeError(f"{handler} cannot be called")
    for loaded in list(sys.modules.values()):
        file = getattr(loaded, "__file__", None) or tree
        is_known = any(Path(file).is_relative_to(place) for place in (tree, *standard))
        if not is_known and loaded.__name__ != "__main__":
            raise LookupError(f"{loaded.__name__} came from {file}")
    sys.stdout.write(json.dumps(sorted(sys.modules)))


if __name__ == "__main__":
    main(*sys.argv[1:])
