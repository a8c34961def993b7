"""Wheels that do not run on Lambda are refused, whoever brought them."""

from __future__ import annotations

import pytest

from infra.aws.package.dependencies import install_dependencies, wrong_wheels
from infra.aws.package.environments import InstallError
from infra.aws.package.runtimes import RUNTIMES, find_interpreter


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", True),
        ("cp313-cp313-manylinux_2_28_x86_64", True),
        ("cp39-abi3-manylinux_2_34_x86_64", True),
        ("cp313-cp313-manylinux_2_39_x86_64", False),
        ("cp312-cp312-manylinux_2_28_x86_64", False),
        ("cp313-cp313-musllinux_1_2_x86_64", False),
        ("cp313-cp313-manylinux_2_28_aarch64", False),
        ("cp313-cp313-linux_x86_64", False),
    ],
)
def test_a_wheel_fits_by_its_tags(tmp_path, tag, fits):
    info = tmp_path / "thing-1.0.dist-info"
    info.mkdir()
    (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")
    assert list(wrong_wheels(tmp_path, RUNTIMES[0])) == ([] if fits else ["thing-1.0"])


def test_a_dependency_without_a_wheel_fails_loudly(tmp_path):
    pinned = tmp_path / "requirements.txt"
    url = f"file://{tmp_path}/no-such-wheel.tar.gz"
    pinned.write_text(f"no-such-wheel @ {url} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(InstallError):
        install_dependencies(find_interpreter(), tmp_path / "out", pinned)
