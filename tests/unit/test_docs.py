"""The generated reference pages are those that the code would write now."""

from infra.local import docs


def test_reference_pages_are_up_to_date() -> None:
    assert docs.main(["--check"]) == 0, "run `make docs` and commit the result"
