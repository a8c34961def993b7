"""How a refusal must look."""

from __future__ import annotations

from typing import Any

from tests.fakes.api import Api


def refused(api: Api, path: str, body: Any, status: int, field: str | None, **kwargs: Any) -> Any:
    """Send a body, check that it is refused well, and return the problem."""
    before = api.state()
    answer = api.call("POST", path, body=body, **kwargs)
    assert answer.status_code == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json_body
    assert problem["status"] == status
    assert isinstance(problem["detail"], str)
    assert api.state() == before
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]], problem
    return problem
