"""The command of the local OpenStack protects what it starts, stops and deletes."""

import json
import os
import socket
import subprocess
import sys

import pytest

from infra.local.openstack import cli, lifecycle, ports, processes
from infra.local.openstack.clouds import write_clouds
from infra.local.openstack.state import State, StateError, ensure_settings, load_settings


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state")


@pytest.fixture
def sleeper(state):
    """A process that only looks like our supervisor if told so."""
    started = []

    def start(*words):
        program = "import sys, time; print('up', flush=True); time.sleep(60)"
        process = subprocess.Popen(
            [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        process.stdout.readline()
        state.run.mkdir(parents=True)
        state.pid_file.write_text(str(process.pid))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_settings_are_kept(state):
    settings = ensure_settings(state, 25000)
    assert ensure_settings(state, None) == settings
    assert ensure_settings(state, 25000) == settings
    assert settings.auth_url == "http://127.0.0.1:25000/v3"
    assert settings.url("neutron") == "http://127.0.0.1:25004"


def test_settings_and_clouds_are_private(state):
    write_clouds(state, ensure_settings(state, None))
    assert state.root.stat().st_mode & 0o077 == 0
    for path in (state.settings_file, state.clouds_file):
        assert path.stat().st_mode & 0o077 == 0


def test_other_ports_need_a_new_state(state):
    ensure_settings(state, 25000)
    with pytest.raises(StateError, match=r"base port 25000, not 26000: run .* purge"):
        ensure_settings(state, 26000)


def test_moved_state_is_refused(state, tmp_path):
    ensure_settings(state, None)
    moved = State(state.root.rename(tmp_path / "elsewhere"))
    with pytest.raises(StateError, match="was moved from"):
        load_settings(moved)


def test_state_of_another_version_is_refused(state):
    state.root.mkdir()
    state.settings_file.write_text(json.dumps({"format": 0}))
    with pytest.raises(StateError, match="another version"):
        load_settings(state)


@pytest.mark.parametrize("base_port", [80, 32764, 35000])
def test_ports_stay_below_the_ephemeral_range(base_port):
    with pytest.raises(ports.PortError, match="is not between"):
        ports.check_range(base_port)


def test_taken_port_is_named_with_its_service(state):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        settings = ensure_settings(state, taken - 2)
        with pytest.raises(ports.PortError, match=rf"{taken} \(placement\)"):
            ports.check_free(settings)


def test_foreign_process_with_our_pid_is_neither_ours_nor_stopped(state, sleeper):
    process = sleeper("some", "other", "program")
    assert processes.running_pid(state) is None
    assert processes.stop(state) is False
    assert process.poll() is None


def test_supervisor_of_another_state_is_not_ours(state, sleeper, tmp_path):
    sleeper(processes.SUPERVISOR, os.fspath(tmp_path / "other"))
    assert processes.running_pid(state) is None


def test_stop_ends_our_supervisor(state, sleeper):
    process = sleeper(processes.SUPERVISOR, os.fspath(state.root))
    assert processes.running_pid(state) == process.pid
    assert processes.stop(state) is True
    assert process.wait(timeout=10) < 0


def test_purge_spares_directories_that_are_not_a_state(state):
    state.root.mkdir()
    precious = state.root / "precious"
    precious.touch()
    lifecycle.purge(state)
    assert precious.exists()


def test_purge_deletes_a_state(state):
    ensure_settings(state, None)
    lifecycle.purge(state)
    assert not state.root.exists()


def test_reset_needs_seeded_data(state):
    with pytest.raises(StateError, match="start it first"):
        lifecycle.reset(state, print)


def test_reset_restores_the_seeded_data(state):
    state.pristine.mkdir(parents=True)
    (state.pristine / "seeded").touch()
    state.data.mkdir()
    (state.data / "added").touch()
    lifecycle.reset(state, print)
    assert [path.name for path in state.data.iterdir()] == ["seeded"]


def test_status_of_nothing_is_3(state, capsys):
    assert cli.main(["status", "--json", "--state", os.fspath(state.root)]) == 3
    status = json.loads(capsys.readouterr().out)
    assert status["running"] is False
    assert status["ready"] is False
    assert not state.root.exists()


def test_errors_are_one_message_and_status_1(state, capsys):
    arguments = ["start", "--base-port", "40000", "--state", os.fspath(state.root)]
    assert cli.main(arguments) == 1
    assert "error: base port 40000 is not between 1024 and 32763" in capsys.readouterr().err
