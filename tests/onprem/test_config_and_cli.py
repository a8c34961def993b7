import subprocess
import sys

import pytest

from infra.onprem import bench
from infra.onprem.lab import Lab
from infra.onprem.qkd_agent.__main__ import main
from infra.onprem.qkd_agent.breaker import BreakerState, CircuitBreaker
from infra.onprem.qkd_agent.config import load_configuration
from infra.onprem.settings_file import BadSettings


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path, bench.make_sites({"kme-a": ["alice"], "kme-b": ["bob"], "kme-c": []}))
    lab.create()
    return lab


def test_all_mistakes_are_told_at_once(lab):
    path = lab.configuration(0)
    text = path.read_text()
    text = text.replace("length_km = 20.0", "length_km = -1.0\ncolour = 3")
    text = text.replace('kme_id = "kme-a"', 'kme_id = ""', 1)
    path.write_text(text)
    with pytest.raises(BadSettings) as caught:
        load_configuration(path)
    told = str(caught.value)
    assert "agent.kme_id" in told
    assert "links[0].emulator.length_km" in told
    assert "links[0].emulator.colour" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('peer = "kme-b"', 'peer = "kme-x"', "none of [[peers]]"),
        ('via = ["kme-b"]', 'via = ["kme-x"]', "no link to kme-x"),
        ('allowed_clients = ["slices-backend"]', "allowed_clients = []", "names nobody"),
        ('sae_id = "bob"', 'sae_id = "alice"', "saes: an ID is there twice"),
        ("[agent]", "[agent", "Expected"),
        ("[links.emulator]", "[links.other]", "links[0].other"),
        ("[agent]", "[keys]\nminimum_size = 512\n[agent]", "multiple of 8"),
        ('url = "https://', 'url = "http://', "should match pattern"),
    ],
)
def test_mistakes(lab, old, new, told):
    path = lab.configuration(0)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(BadSettings) as caught:
        load_configuration(path)
    assert told in str(caught.value)


def test_text_that_is_no_utf_8_is_told_and_not_shown(lab, capsys):
    lab.configuration(0).write_bytes(b"[agent]\nkme_id = 'secret\xff'")
    assert main(["run", str(lab.configuration(0))]) == 1
    told = capsys.readouterr().err
    assert "kme-a.toml: 'utf-8' codec can't decode" in told
    assert "secret" not in told


def test_so_many_mistakes_are_counted(lab):
    path = lab.configuration(0)
    path.write_text(path.read_text() + "".join(f"[x{number}]\n" for number in range(30)))
    with pytest.raises(BadSettings) as caught:
        load_configuration(path)
    assert str(caught.value).count("Extra inputs") == 20
    assert str(caught.value).endswith("kme-a.toml: and 10 more")


def test_relative_paths_start_at_the_file(lab, tmp_path):
    path = lab.configuration(0)
    path.write_text(path.read_text().replace(str(tmp_path) + "/", ""))
    assert load_configuration(path).agent.data_directory == tmp_path / "kme-a-data"


def test_command_line(lab, tmp_path, capsys):
    assert main(["check", str(lab.configuration(0))]) == 0
    assert main(["init-ca", str(tmp_path / "new")]) == 0
    assert main(["init-ca", str(tmp_path / "new")]) == 1
    assert main(["issue", str(tmp_path / "new"), "kme-z", "--host", "z.example"]) == 0
    assert (tmp_path / "new" / "kme-z.key").stat().st_mode & 0o077 == 0
    assert main(["link-secret", str(tmp_path / "s")]) == 0
    assert len((tmp_path / "s").read_bytes()) == 64
    lab.configuration(0).write_text("x = 1")
    assert main(["check", str(lab.configuration(0))]) == 1
    assert "agent: Field required" in capsys.readouterr().err


def test_help():
    command = [sys.executable, "-m", "infra.onprem.qkd_agent", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in ("run", "check", "init-ca", "issue", "link-secret"):
        assert name in done.stdout


def test_breaker():
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0], failures=3, window_seconds=10, rest_seconds=5)
    for _ in range(3):
        assert breaker.admits()
        now[0] += 6
        breaker.failed()
    assert breaker.state is BreakerState.CLOSED  # too slowly for a burst
    now[0] += 100
    for _ in range(3):
        breaker.failed()
    assert not breaker.admits()
    now[0] += 5
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.admits()
    assert not breaker.admits()
    breaker.failed()
    assert breaker.state is BreakerState.OPEN
    now[0] += 5
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED
