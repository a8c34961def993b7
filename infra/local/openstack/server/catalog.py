"""Fill Keystone: users, roles, projects and the endpoints of the other services."""

from typing import Any

import openstack

from infra.local.openstack.clouds import TENANT_PROJECT, TENANT_USER
from infra.local.openstack.state import REGION, Settings

ENDPOINTS = {
    # service: (type in the catalog, path)
    "glance": ("image", ""),
    "placement": ("placement", ""),
    "nova": ("compute", "/v2.1"),
    "neutron": ("network", ""),
}
INTERFACES = ("public", "internal", "admin")


def connect(settings: Settings) -> Any:
    """Return an SDK connection as admin."""
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        region_name=REGION,
        auth={
            "auth_url": settings.auth_url,
            "username": "admin",
            "password": settings.admin_password,
            "project_name": "admin",
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
    )


def fill_catalog(cloud: Any, settings: Settings) -> None:
    """Create what the services and the tenant need to authenticate and to find each other."""
    identity = cloud.identity
    roles = {role.name: role for role in identity.roles()}
    for name in ("service", "member", "reader"):
        if name not in roles:
            roles[name] = identity.create_role(name=name)
    service_project = identity.create_project(name="service", domain_id="default")
    for service, (kind, path) in ENDPOINTS.items():
        _create_user(
            identity,
            service,
            settings.service_password,
            service_project,
            [roles["admin"], roles["service"]],
        )
        _create_endpoints(identity, service, kind, settings.url(service) + path)
    tenant_project = identity.create_project(name=TENANT_PROJECT, domain_id="default")
    _create_user(
        identity,
        TENANT_USER,
        settings.tenant_password,
        tenant_project,
        [roles["member"], roles["reader"]],
    )


def _create_user(identity: Any, name: str, password: str, project: Any, roles: list[Any]) -> None:
    user = identity.create_user(
        name=name, password=password, domain_id="default", default_project_id=project.id
    )
    for role in roles:
        identity.assign_project_role_to_user(project, user, role)


def _create_endpoints(identity: Any, name: str, kind: str, url: str) -> None:
    service = identity.create_service(name=name, type=kind)
    for interface in INTERFACES:
        identity.create_endpoint(
            service_id=service.id, interface=interface, url=url, region_id=REGION
        )
