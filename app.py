"""The Chalice application: registers every entry point and does nothing else."""

from __future__ import annotations

from chalice import Chalice

from functions import catalog_sync, reconcile
from functions.lifecycle import build, ends, remove, reset

app = Chalice(app_name="slices-bi-qkd")

for module in (build, ends, remove, reset, catalog_sync, reconcile):
    app.register_blueprint(module.blueprint)
