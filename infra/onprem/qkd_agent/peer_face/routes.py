"""ext_keys, ack and void of ETSI GS QKD 020 V1.1.1."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, TypeAdapter, ValidationError

from infra.onprem.qkd_agent.config_sections import PeerSection
from infra.onprem.qkd_agent.delivery.accept import Arrival, Failed, KeyAcceptor, Refused
from infra.onprem.qkd_agent.delivery.hop import (
    ACK,
    EXT_KEYS,
    HOP_EXTENSION,
    VOID,
    AckBook,
    HopFailed,
    Neighbor,
)
from infra.onprem.qkd_agent.peer_face.models import Ack, ExtKeys, Hop, VoidKeys
from infra.onprem.qkd_agent.web.messages import ApiError, Request, Response, json_response
from infra.onprem.qkd_agent.web.router import Route

_LOG = logging.getLogger(__name__)
_ACKS = TypeAdapter(list[Ack])
_TITLES = {400: "bad request", 401: "unauthorized", 503: "service unavailable"}
_Model = TypeVar("_Model", bound=BaseModel)


def problem(error: ApiError) -> Response:
    """Return an error as RFC 9457 wants it, with the `message` of the other faces besides."""
    body = {
        "type": "about:blank",
        "status": error.status,
        "title": _TITLES.get(error.status, "error"),
        "details": {"reason": str(error)},
        "message": str(error),
    }
    return json_response(error.status, body, error.headers, "application/problem+json")


@dataclass(frozen=True)
class PeerFace:
    """The server side of ETSI GS QKD 020."""

    peers: Mapping[str, PeerSection]
    neighbors: Mapping[str, Neighbor]
    acceptor: KeyAcceptor
    acks: AckBook
    is_down: Callable[[], bool]
    _callers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, "acknowledge"), repr=False
    )

    def routes(self) -> list[Route]:
        """Return the routes of this face."""
        return [
            Route("GET", "/kmapi/versions", self._versions),
            Route("POST", EXT_KEYS, self._ext_keys),
            Route("POST", ACK, self._ack),
            Route("POST", VOID, self._void),
        ]

    def close(self) -> None:
        """Finish the acknowledgements that are on their way."""
        self._callers.shutdown(wait=True)

    def _caller(self, request: Request) -> str:
        name = request.certificate.common_name if request.certificate else ""
        if name not in self.peers:
            raise ApiError(401, "the certificate names none of the peers")
        if self.is_down():
            raise ApiError(503, "the KME is down")
        return name

    def _versions(self, request: Request) -> Response:
        self._caller(request)
        return json_response(200, {"versions": ["v1"], "capabilities": ["synchronous_mode"]})

    def _ext_keys(self, request: Request) -> Response:
        caller = self._caller(request)
        body = _read(ExtKeys, request)
        if body.unsupported:
            raise ApiError(400, f"extension {body.unsupported[0][:64]} is not supported")
        self._check_callback(caller, body.ack_callback_url)
        self._accept(_arrival(caller, body))
        key_ids = [key.key_id for key in body.keys]
        acks = _acks(dict.fromkeys(key_ids, "relayed"), body.initiator_sae_id, body.target_sae_ids)
        return self._answered(caller, body.ack_callback_url, acks)

    def _accept(self, arrival: Arrival) -> None:
        try:
            self.acceptor.accept(arrival)
        except Refused as error:
            raise ApiError(400, str(error)) from error
        except Failed as error:
            raise ApiError(503, str(error)) from error

    def _void(self, request: Request) -> Response:
        caller = self._caller(request)
        body = _read(VoidKeys, request)
        self._check_callback(caller, body.ack_callback_url)
        sae_ids = body.target_sae_ids
        outcome = self.acceptor.void(caller, body.key_ids, body.initiator_sae_id, sae_ids)
        acks = _acks(outcome, body.initiator_sae_id, sae_ids)
        return self._answered(caller, body.ack_callback_url, acks)

    def _ack(self, request: Request) -> Response:
        caller = self._caller(request)
        try:
            acks = _ACKS.validate_json(request.body)
        except ValidationError as error:
            raise ApiError(400, _first_mistake(error)) from None
        for ack in acks:
            for entry in ack.key_id_container:
                self.acks.settle(entry.key_id, caller, ack.ack_status)
        return json_response(200, {})

    def _answered(
        self, caller: str, callback_url: str | None, acks: Sequence[Mapping[str, Any]]
    ) -> Response:
        if callback_url is None:
            return json_response(200, list(acks))
        self._callers.submit(self._acknowledge, caller, acks)
        return json_response(202, {})

    def _acknowledge(self, caller: str, acks: Sequence[Mapping[str, Any]]) -> None:
        try:
            self.neighbors[caller].acknowledge(acks)
        except HopFailed as error:
            _LOG.warning("keys of %s could not be acknowledged: %s", caller, error)

    def _check_callback(self, caller: str, url: str | None) -> None:
        """Only the peer's configured face is called back: the URL cannot lead elsewhere."""
        if url is None:
            return
        known, given = urlsplit(self.peers[caller].url), urlsplit(url)
        if (given.hostname, given.port, given.path) != (known.hostname, known.port, ACK):
            raise ApiError(400, "ack_callback_url is not the configured face of the caller")


def _read(model: type[_Model], request: Request) -> _Model:
    try:
        return model.model_validate_json(request.body)
    except ValidationError as error:
        raise ApiError(400, _first_mistake(error)) from None


def _first_mistake(error: ValidationError) -> str:
    item = error.errors(include_input=False, include_context=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"


def _arrival(caller: str, body: ExtKeys) -> Arrival:
    try:
        hop = Hop.model_validate(body.extension_mandatory.get(HOP_EXTENSION))
    except ValidationError as error:
        raise ApiError(400, f"{HOP_EXTENSION}: {_first_mistake(error)}") from None
    return Arrival(
        from_kme=caller,
        link_id=hop.link_id,
        target_kme=hop.target_kme_id,
        via=tuple(hop.via),
        key_ids=[key.key_id for key in body.keys],
        values=[key.value for key in body.keys],
        references=[key.reference for key in body.keys],
        size_bits=hop.size_bits,
        master_id=body.initiator_sae_id,
        sae_ids=body.target_sae_ids,
        lifetime_seconds=hop.lifetime_seconds,
    )


def _acks(
    outcome: Mapping[str, str], master_id: str, sae_ids: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            "key_id_container": [{"key_id": key_id} for key_id in ids],
            "ack_status": status,
            "initiator_sae_id": master_id,
            "target_sae_ids": list(sae_ids),
        }
        for status, ids in _by_status(outcome).items()
    ]


def _by_status(outcome: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key_id, status in outcome.items():
        groups.setdefault(status, []).append(key_id)
    return groups
