"""The tree of errors is fit to be shown."""

from __future__ import annotations

import pytest

from chalicelib.domain import errors
from chalicelib.domain.errors import BIError, FieldError, StepSignal


def below(kind):
    return {kind}.union(*(below(sub) for sub in kind.__subclasses__()))


TREE = sorted(
    (kind for kind in below(BIError) if kind.__module__ == errors.__name__),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", TREE)
def test_every_error_has_words_and_a_status(kind):
    error = kind("Do this.", field_errors=(FieldError("name", "is taken"),))
    assert str(error) == error.detail == "Do this."
    assert error.field_errors[0].field == "name"
    assert error.title
    assert 400 <= error.http_status < 600


def test_every_error_has_its_own_slug():
    slugs = [kind.slug for kind in TREE]
    assert len(set(slugs)) == len(slugs)


def test_a_signal_is_no_error_for_clients():
    assert not issubclass(StepSignal, BIError)
    assert below(StepSignal) == {StepSignal, errors.LeaseHeld, errors.ReleaseRequested}
