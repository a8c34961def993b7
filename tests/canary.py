"""Looking for secrets in every shape, in every place that keeps something.

A place is the name of where bytes were found; a secret says in which places it may be.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from chalicelib.adapters.aws_clients import make_client
from chalicelib.logs.formats import JsonFormatter

OUR_LOGGERS = ("chalicelib", "functions", "infra", "app")


@dataclass(frozen=True)
class Secret:
    """What is looked for, and how the places begin where it belongs."""

    name: str
    value: bytes
    belongs: tuple[str, ...] = ()


def shapes(secret: bytes) -> Iterator[bytes]:
    """Yield a secret as it is and reversed; raw, hex, base64, base64url, and as Python prints it.

    Of base64, the part that is the same at each of the three offsets in a longer text.
    """
    for data in (secret, secret[::-1]):
        yield data
        yield repr(data)[2:-1].encode()
        yield data.hex().encode()
        yield data.hex().upper().encode()
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + data)
            core = encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4]
            yield core
            yield core.translate(bytes.maketrans(b"+/", b"-_"))


def leaks(secrets: Iterable[Secret], places: Mapping[str, bytes]) -> list[str]:
    """Return which secrets are in which places where they do not belong."""
    whole = {place: _as_it_is_and_squeezed(data) for place, data in places.items()}
    everything = b"\0".join(whole.values())
    found = []
    for secret in secrets:
        seen = [shape for shape in set(shapes(secret.value)) if shape in everything]
        found += [
            f"{secret.name} in {place}"
            for place, data in whole.items()
            if not place.startswith(secret.belongs or ("\0",))
            and any(shape in data for shape in seen)
        ]
    return found


def _as_it_is_and_squeezed(data: bytes) -> bytes:
    """Return it once more without line ends, since PEM is base64 in lines, and unescaped."""
    unescaped = data.replace(b"\\n", b"").replace(b"\\\\", b"\\")
    return data + b"\0" + unescaped.replace(b"\n", b"").replace(b"\r", b"")


def private_key_secrets(name: str, pem: bytes, belongs: tuple[str, ...] = ()) -> list[Secret]:
    """Return a private key as DER, which a PEM block holds too, and its secret number alone."""
    key: Any = load_pem_private_key(pem, None)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    number = key.private_numbers().private_value
    return [
        Secret(f"{name} (PKCS #8)", der, belongs),
        Secret(f"{name} (number)", number.to_bytes((key.key_size + 7) // 8, "big"), belongs),
        Secret(f"{name} (decimal number)", str(number).encode(), belongs),
    ]


class Collector(logging.Handler):
    """Keeps every line, with the traceback if there is one."""

    def __init__(self, infra_id: str) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.json_lines: list[str] = []
        self._json = JsonFormatter(infra_id)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.json_lines.append(self._json.format(record))
        self.lines.append(self.format(record))


@contextmanager
def collected_logs(infra_id: str) -> Iterator[Collector]:
    """Collect what is logged, ours at its most talkative."""
    collector = Collector(infra_id)
    levels = {name: logging.getLogger(name).level for name in ("", *OUR_LOGGERS)}
    for name in OUR_LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(collector)
    try:
        yield collector
    finally:
        root.removeHandler(collector)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def tables() -> dict[str, bytes]:
    """Return all items of each table, binary attributes as the bytes that they are."""
    client = make_client("dynamodb")
    found = {}
    for page in client.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            pages = client.get_paginator("scan").paginate(TableName=name)
            items = [item for one in pages for item in one["Items"]]
            found[f"table {name}"] = b"\n".join(_flat(item) for item in items)
    return found


def _flat(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, Mapping):
        return b" ".join(_flat(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return b" ".join(_flat(part) for part in value)
    return str(value).encode()


def workflows() -> dict[str, bytes]:
    """Return input, output and history of every execution, by state machine."""
    client = make_client("stepfunctions")
    found = {}
    for machine in client.list_state_machines()["stateMachines"]:
        texts = []
        pages = client.get_paginator("list_executions").paginate(
            stateMachineArn=machine["stateMachineArn"]
        )
        for execution in (one for page in pages for one in page["executions"]):
            arn = execution["executionArn"]
            texts.append(client.describe_execution(executionArn=arn))
            texts += client.get_paginator("get_execution_history").paginate(executionArn=arn)
        found[f"workflow {machine['name']}"] = json.dumps(texts, default=str).encode()
    return found


def files(name: str, root: Path) -> dict[str, bytes]:
    """Return every file below a directory that stays, and the names of them all."""
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with suppress(FileNotFoundError):  # gone since it was listed
                found[f"{name} {path.relative_to(root)}"] = path.read_bytes()
    return {**found, f"{name} names": "\n".join(map(str, root.rglob("*"))).encode()}
