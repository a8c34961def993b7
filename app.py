"""The Chalice application: every entry point is a blueprint, registered here."""

from __future__ import annotations

from chalice.app import Chalice

from functions import (
    catalog_sync,
    disk_images,
    edge,
    flavors,
    health,
    infrastructures,
    links,
    openapi_docs,
    phone_home,
    qkd_links,
    reconcile,
    resources,
    tasks,
    telemetry,
    web_ui,
)
from functions.lifecycle import build, ends, remove, reset
from functions.lifecycle import links as link_steps

# Chalice's own log handler would write lines that ours do not see.
app = Chalice(app_name="slices-bi-qkd", configure_logs=False)

# HTTP: one module per endpoint group. The edge comes first, as the outermost middleware.
for module in (
    edge,
    disk_images,
    flavors,
    resources,
    tasks,
    links,
    qkd_links,
    infrastructures,
    phone_home,
    health,
    openapi_docs,
    web_ui,
):
    app.register_blueprint(module.blueprint)

# The workflows' steps and the schedules: one Lambda function each.
for module in (
    build,
    ends,
    remove,
    reset,
    link_steps,
    catalog_sync,
    reconcile,
    telemetry,
):
    app.register_blueprint(module.blueprint)
