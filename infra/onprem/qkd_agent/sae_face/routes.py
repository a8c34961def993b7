"""The three methods of ETSI GS QKD 014 V1.1.1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.onprem.qkd_agent.config_sections import KeysSection
from infra.onprem.qkd_agent.delivery.collect import KeyCollector
from infra.onprem.qkd_agent.delivery.hop import HopRefused
from infra.onprem.qkd_agent.delivery.issue import KeyIssuer, Order, Unavailable
from infra.onprem.qkd_agent.keystore.held import NotForThisSae, NotHeld
from infra.onprem.qkd_agent.registry.applications import Application
from infra.onprem.qkd_agent.registry.saes import NotAdmitted, Saes
from infra.onprem.qkd_agent.registry.topology import Way
from infra.onprem.qkd_agent.sae_face.reach import NotReachable, Reach
from infra.onprem.qkd_agent.sae_face.requests import (
    NOT_FOUND,
    NOT_MET,
    KeyRequest,
    bad_request,
    check_extensions,
    check_ranges,
    read_key_ids,
    read_key_request,
)
from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.web.messages import (
    ApiError,
    Request,
    Response,
    error_response,
    json_response,
)
from infra.onprem.qkd_agent.web.router import Route

_NO_STORE = {"Cache-Control": "no-store"}
_INT32_MAX = 2**31 - 1
_BASE = "/api/v1/keys"


def key_error(error: ApiError) -> Response:
    """Return an error of a key route, which is not to be cached either."""
    error.headers.update(_NO_STORE)
    return error_response(error)


@dataclass(frozen=True)
class SaeFace:
    """The server side of ETSI GS QKD 014.

    Attributes:
        is_down: Tells whether an injected fault has taken the KME down.
    """

    kme_id: str
    limits: KeysSection
    saes: Saes
    reach: Reach
    issuer: KeyIssuer
    collector: KeyCollector
    is_down: Callable[[], bool]

    def routes(self) -> list[Route]:
        """Return the routes of this face."""
        handlers = [
            ("GET", f"{_BASE}/{{slave}}/status", self._status),
            ("GET", f"{_BASE}/{{slave}}/enc_keys", self._get_keys),
            ("POST", f"{_BASE}/{{slave}}/enc_keys", self._get_keys),
            ("GET", f"{_BASE}/{{master}}/dec_keys", self._get_keys_with_ids),
            ("POST", f"{_BASE}/{{master}}/dec_keys", self._get_keys_with_ids),
        ]
        return [Route(method, template, handler) for method, template, handler in handlers]

    def _caller(self, request: Request) -> str:
        try:
            caller = self.saes.identify(request.certificate)
        except NotAdmitted as error:
            raise ApiError(401, str(error)) from error
        if self.is_down():
            raise ApiError(503, "the KME is down")
        return caller

    def _status(self, request: Request) -> Response:
        caller, slave = self._caller(request), request.parameters["slave"]
        way = self._way(caller, slave)
        view = way.link.south.view()
        size = self.limits.default_size
        most = min(_INT32_MAX, view.maximum_stock_bits // size)
        status: dict[str, Any] = {
            "source_KME_ID": self.kme_id,
            "target_KME_ID": way.target,
            "master_SAE_ID": caller,
            "slave_SAE_ID": slave,
            "key_size": size,
            "stored_key_count": min(most, view.stock_bits // size),
            "max_key_count": most,
            "max_key_per_request": self.limits.maximum_per_request,
            "max_key_size": self.limits.maximum_size,
            "min_key_size": self.limits.minimum_size,
            "max_SAE_ID_count": self.limits.maximum_additional_saes,
            "status_extension": {
                "slices_source": view.source,
                "slices_link_status": view.status,
                "slices_trusted_nodes": list(way.via),
            },
        }
        return json_response(200, status, _NO_STORE)

    def _get_keys(self, request: Request) -> Response:
        caller, slave = self._caller(request), request.parameters["slave"]
        wanted = read_key_request(request, self.limits)
        check_extensions(wanted)
        self._check_direct(caller, slave, wanted)
        check_ranges(wanted, self.limits)
        application = self.reach.application(caller, slave)
        order = self._order(caller, slave, wanted, application)
        try:
            keys = self.issuer.issue(order)
        except HopRefused as error:
            raise bad_request(f"the far KME refuses: {error}") from error
        except Unavailable as error:
            raise ApiError(503, str(error)) from error
        if application is not None:
            self.reach.consumed(application.app_id, wanted.number * wanted.size)
        sources = {way.link.south.source for way, _ in order.ways.values()}
        return _container(keys, {"slices_source": max(sources)})

    def _get_keys_with_ids(self, request: Request) -> Response:
        caller, master = self._caller(request), request.parameters["master"]
        key_ids = read_key_ids(request)
        try:
            keys = self.collector.collect(key_ids, caller, master)
        except NotForThisSae as error:
            raise ApiError(401, "not authorized for all of these keys") from error
        except NotHeld as error:
            raise bad_request(NOT_FOUND) from error
        return _container(list(zip(key_ids, keys, strict=True)))

    def _way(self, caller: str, slave: str) -> Way:
        if caller == slave:
            raise bad_request("the slave SAE shall be another SAE than the caller")
        try:
            return self.reach.way(caller, slave)
        except NotReachable as error:
            raise bad_request("the slave SAE is unknown or not reachable") from error

    def _check_direct(self, caller: str, slave: str, wanted: KeyRequest) -> None:
        if not wanted.direct_only:
            return
        ways = [self._way(caller, sae_id) for sae_id in (slave, *wanted.additional)]
        if len({way.target for way in ways}) != 1 or not ways[0].is_direct:
            text = "a trusted node would see the keys"
            raise bad_request(NOT_MET, [{"slices_direct_only": text}])

    def _order(
        self, caller: str, slave: str, wanted: KeyRequest, application: Application | None
    ) -> Order:
        if len(wanted.additional) > self.limits.maximum_additional_saes:
            most = self.limits.maximum_additional_saes
            raise bad_request(f"additional_slave_SAE_IDs shall not be more than {most}")
        self._way(caller, slave)
        if caller in wanted.additional:
            raise bad_request("the caller shall not be an additional slave")
        try:
            ways = self.reach.ways(caller, (slave, *wanted.additional))
        except NotReachable as error:
            raise bad_request("an additional slave SAE is unknown or not reachable") from error
        return Order(
            master_id=caller,
            ways=ways,
            number=wanted.number,
            size_bits=wanted.size,
            lifetime_seconds=self._lifetime(application),
        )

    def _lifetime(self, application: Application | None) -> float:
        seconds = (application.body.get("app_qos") or {}).get("ttl") if application else None
        return float(seconds) if seconds else self.limits.lifetime_seconds


def _container(
    keys: Sequence[tuple[str, SecretBytes]], extension: dict[str, Any] | None = None
) -> Response:
    container: dict[str, Any] = {
        "keys": [{"key_ID": key_id, "key": key.base64()} for key_id, key in keys]
    }
    if extension:
        container["key_container_extension"] = extension
    for _, key in keys:
        key.wipe()
    return json_response(200, container, _NO_STORE)
