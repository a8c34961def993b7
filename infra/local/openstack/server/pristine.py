"""Keep a copy of a freshly seeded cloud, so that a reset costs no more than a start."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from infra.local.openstack.state import State


def take_pristine_copy(state: State) -> None:
    """Copy the data of the running cloud; the copy appears complete or not at all."""
    draft = state.pristine.with_name("pristine.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(
        state.data, draft, ignore=lambda directory, _: _database_names(state, Path(directory))
    )
    for database in state.databases.glob("*.sqlite"):
        _copy_database(database, draft / state.databases.name / database.name)
    draft.rename(state.pristine)


def _database_names(state: State, directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} if directory == state.databases else set()


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database in use: its latest changes are not in the main file."""
    with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target)) as copy:
        origin.backup(copy)
        copy.execute("PRAGMA journal_mode = WAL")
