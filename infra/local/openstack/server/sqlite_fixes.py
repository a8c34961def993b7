"""Make oslo.db work well with SQLite files under concurrency.

Without these fixes services answer 500 ("database is locked") and thirty servers take minutes.
Apply them before any engine is made.
"""

import types
from typing import Any, NoReturn

from oslo_db import exception
from oslo_db.sqlalchemy import enginefacade, engines, exc_filters
from sqlalchemy import event, pool
from sqlalchemy import exc as sqlalchemy_exceptions
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

WRITER_OPTION = "sqlite_writer"
POOL_SIZE = 10
POOL_OVERFLOW = 90
POOL_TIMEOUT_SECONDS = 60


def apply() -> None:
    """Apply all fixes to this process; call once."""
    event.listen(Engine, "connect", _use_write_ahead_log)
    event.listen(Engine, "begin", _begin_immediately)
    exc_filters.filters(
        "sqlite",
        sqlalchemy_exceptions.OperationalError,
        r"^.*database (table )?is locked.*",
    )(_raise_deadlock)
    _mark_writers()
    _use_pool()


def _use_write_ahead_log(connection: Any, _record: Any) -> None:
    """Let readers and the writer work side by side; durability over power loss is no aim here."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")


def _raise_deadlock(
    error: BaseException, _match: object, _engine: str, _is_disconnect: object
) -> NoReturn:
    """Turn a lock into the error for which the services have retries."""
    raise exception.DBDeadlock(error)


def _begin_immediately(connection: Connection) -> None:
    """Take the write lock at the begin of a writing transaction.

    SQLite refuses at once, whatever the busy timeout, to turn a reading transaction into a
    writing one if somebody has committed since.
    """
    if not connection.get_execution_options().get(WRITER_OPTION):
        return
    if "in_transaction" not in connection.info:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        # oslo.db's own listener comes next, and would begin again.
        connection.info["in_transaction"] = True


def _mark_writers() -> None:
    """Let transactions carry what enginefacade knows about them: whether they write."""
    factory = enginefacade._TransactionFactory  # noqa: SLF001 - the only place that knows
    writer = enginefacade._WRITER  # noqa: SLF001 - as above
    create_session = factory._create_session  # noqa: SLF001 - as above
    create_connection = factory._create_connection  # noqa: SLF001 - as above

    def marked_session(self: Any, mode: object, bind: Any = None) -> Session:
        session: Session = create_session(self, mode, bind)
        if mode is writer and bind is None:
            session.bind = session.get_bind().execution_options(**{WRITER_OPTION: True})
        return session

    def marked_connection(self: Any, mode: object) -> Connection:
        connection: Connection = create_connection(self, mode)
        if mode is writer:
            connection = connection.execution_options(**{WRITER_OPTION: True})
        return connection

    factory._create_session = marked_session  # noqa: SLF001 - as above
    factory._create_connection = marked_connection  # noqa: SLF001 - as above


class _FilePool(pool.QueuePool):
    """Keep connections: opening a file for each transaction costs a fifth of Nova's time."""

    def __init__(self, creator: Any, **options: Any) -> None:
        options |= {
            "pool_size": POOL_SIZE,
            "max_overflow": POOL_OVERFLOW,
            "timeout": POOL_TIMEOUT_SECONDS,
        }
        super().__init__(creator, **options)


def _use_pool() -> None:
    """Give oslo.db our pool where it would choose none for SQLite files."""
    engines.pool = types.SimpleNamespace(
        NullPool=_FilePool,
        QueuePool=pool.QueuePool,
        SingletonThreadPool=pool.SingletonThreadPool,
        StaticPool=pool.StaticPool,
    )
