"""What the process does so that key bytes stay in its memory: no core dump, no swap."""

import ctypes
import logging
import os
import resource
import sys

_LOG = logging.getLogger(__name__)
_PR_SET_DUMPABLE = 4
_MCL_CURRENT_AND_FUTURE = 3


def harden_process() -> None:
    """Forbid core dumps, make new files private and lock memory where the limits allow it.

    Memory is locked only if the limit is unlimited: under a finite limit a locked process fails
    to allocate later, in the middle of its work.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        _LOG.warning("the process stays dumpable (errno %d)", ctypes.get_errno())
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY:
        _LOG.info("memory is not locked: the limit for locked memory (ulimit -l) is finite")
    elif libc.mlockall(_MCL_CURRENT_AND_FUTURE) != 0:
        _LOG.warning("memory could not be locked (errno %d)", ctypes.get_errno())
