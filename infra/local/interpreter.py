"""moto's interpreter of state machines, spared the work that is the same for each execution.

It parses the whole definition when an execution starts, and makes an AWS client for every step:
together a fifth of the CPU time of all tests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

_DEFINITIONS = 16  # so many parsed ones are kept

_parse = AmazonStateLanguageParser.parse


@contextmanager
def light_interpreter() -> Iterator[None]:
    """Parse each definition once and use one Lambda client, until the block ends.

    Enter it inside the mock: a client that outlived the mock would call the real AWS.
    """
    steps: Any = lambda_eval_utils  # mypy refuses assignments to functions
    parser: Any = AmazonStateLanguageParser
    make_client = steps.boto_client_for
    parser.parse = staticmethod(_parse_once)
    steps.boto_client_for = _making_once(make_client)
    try:
        yield
    finally:
        parser.parse = staticmethod(_parse)
        steps.boto_client_for = make_client


def _parse_once(definition: str) -> tuple[Any, Any]:
    # The tree is only read; what is made of it keeps state, and belongs to one execution.
    tree = _tree(definition)
    return Preprocessor().visit(tree), tree


@lru_cache(_DEFINITIONS)
def _tree(definition: str) -> Any:
    return _parse(definition)[1]


def _making_once(make: Callable[..., Any]) -> Callable[..., Any]:
    made = cache(lambda service, region: make(service=service, region=region))
    lock = threading.Lock()

    def make_once(*, service: str, region: str, state_credentials: object = None) -> Any:
        del state_credentials  # moto knows no rights
        with lock:
            return made(service, region)

    return make_once
