"""Command line of the agent: `python -m infra.onprem.qkd_agent --help`."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from infra.onprem.qkd_agent.agent import Agent
from infra.onprem.qkd_agent.ca import CertificateAuthority, create_ca, write_private
from infra.onprem.qkd_agent.config import load_configuration
from infra.onprem.qkd_agent.hardening import harden_process
from infra.onprem.qkd_agent.redaction import configure_logging
from infra.onprem.settings_file import BadSettings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.onprem.qkd_agent",
        description="The QKD agent of one site: ETSI GS QKD 014 for applications, keys only here.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the agent until it is interrupted")
    run.add_argument("configuration", type=Path, help="the TOML file")
    run.add_argument(
        "--until-stdin-ends",
        action="store_true",
        help="stop also at the end of standard input, as when the program that holds it is killed",
    )
    check = commands.add_parser("check", help="check a configuration and tell every mistake")
    check.add_argument("configuration", type=Path, help="the TOML file")
    ca = commands.add_parser("init-ca", help="make a lab CA: ca.pem and ca.key")
    ca.add_argument("directory", type=Path, help="where to; nothing is overwritten")
    ca.add_argument("--name", default="QKD lab CA", help="its common name")
    issue = commands.add_parser("issue", help="make a key pair and certificate from the lab CA")
    issue.add_argument("directory", type=Path, help="the directory of the CA")
    issue.add_argument("name", help="common name: a KME ID, or the name of the backend")
    issue.add_argument("--host", action="append", default=[], help="DNS name or address of it")
    issue.add_argument("--days", type=float, default=365.0, help="days it is valid")
    secret = commands.add_parser("link-secret", help="make the shared secret of an emulated link")
    secret.add_argument("file", type=Path, help="copy it to both ends; it is not overwritten")
    return parser


def _run(configuration: Path, *, until_stdin_ends: bool) -> None:
    settings = load_configuration(configuration)
    configure_logging(settings.agent.log_level)
    harden_process()
    agent = Agent(settings)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    if until_stdin_ends:
        threading.Thread(target=_set_at_end, args=(stopping,), daemon=True).start()
    agent.start()
    stopping.wait()
    agent.stop()


def _set_at_end(stopping: threading.Event) -> None:
    # Unbuffered: a thread that waits inside a buffered reader hinders the end of the interpreter.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stopping.set()


def _issue(directory: Path, name: str, hosts: list[str], days: float) -> None:
    authority = CertificateAuthority(directory / "ca.pem", directory / "ca.key")
    issued, key = authority.issue_pair(name, hosts, days * 86400)
    write_private(directory / f"{name}.key", key)
    (directory / f"{name}.pem").write_text(issued.pem, encoding="ascii")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        match chosen.command:
            case "run":
                _run(chosen.configuration, until_stdin_ends=chosen.until_stdin_ends)
            case "check":
                load_configuration(chosen.configuration)
                sys.stdout.write("the configuration is right\n")
            case "init-ca":
                create_ca(chosen.directory, chosen.name)
            case "issue":
                _issue(chosen.directory, chosen.name, chosen.host, chosen.days)
            case "link-secret":
                write_private(chosen.file, os.urandom(64))
    except (BadSettings, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
