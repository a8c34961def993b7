"""Hands the composition root's parts to the API, each when it is first needed."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import bootstrap
from chalicelib.api.calls import Wiring
from chalicelib.api.router import Router
from chalicelib.config import Settings
from chalicelib.services.backend import Backend
from chalicelib.services.ports import TokenVerifier


# Looked up in bootstrap at each call: tests and launchers exchange its functions.
def _settings() -> Settings:
    return bootstrap.settings()


def _backend() -> Backend:
    return bootstrap.backend()


def _token_verifier() -> TokenVerifier:
    return bootstrap.token_verifier()


WIRING = Wiring(settings=_settings, backend=_backend, token_verifier=_token_verifier)


def router(blueprint: Blueprint) -> Router:
    """Return what binds operations to a blueprint's functions."""
    return Router(blueprint, WIRING)
