"""What every HTTP answer passes on its way out."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api.router import edge_middleware
from functions.wiring import WIRING

blueprint = Blueprint(__name__)
blueprint.register_middleware(edge_middleware(WIRING), "http")
