"""The Chalice application: every entry point is a blueprint, registered here."""

from __future__ import annotations

from chalice.app import Chalice

from functions import (
    disk_images,
    edge,
    flavors,
    health,
    infrastructures,
    openapi_docs,
    phone_home,
    resources,
    tasks,
)

app = Chalice(app_name="slices-bi-qkd")

# HTTP: one module per endpoint group. The edge comes first, as the outermost middleware.
for module in (
    edge,
    disk_images,
    flavors,
    resources,
    tasks,
    infrastructures,
    phone_home,
    health,
    openapi_docs,
):
    app.register_blueprint(module.blueprint)

# The workflows' steps and the schedules: one Lambda function each.
