"""Answers of a site with one QKD link, as the contract has them, put before the browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, Route

LINK_ID = "ql_tld-city-bp1_01kz1p6j9ker1bd1jr5epb5m41"


def offer_qkd_links(page: Page) -> None:
    """Let the page believe that the site has links; all else is answered by the real stack."""
    now = datetime.now(UTC)

    def site(route: Route) -> None:
        answer = route.fetch()
        (infrastructure,) = answer.json()
        route.fulfill(response=answer, json=[{**infrastructure, "supports_qkd": True}])

    page.route("**/infrastructures", site)
    page.route("**/qkd-links", lambda route: route.fulfill(json=[_qkd_link()]))
    page.route("**/qkd-links/*/samples?*", lambda route: route.fulfill(json=_samples(now)))
    page.route("**/links?experiment_id=*", lambda route: route.fulfill(json=[_link(now)]))


def _qkd_link() -> dict[str, Any]:
    return {
        "id": LINK_ID,
        "status": "active",
        "ends": ["kme-a", "kme-b"],
        "length_km": 25.3,
        "skr_bit_per_s": 1830.0,
        "qber": 0.021,
        "stored_key_count": 811,
        "max_key_count": 1000,
        "key_size_bits": 256,
        "provenance": "emulated",
        "alarms": [
            {"kind": "qber", "subject": LINK_ID, "severity": "minor", "message": "QBER rises"}
        ],
    }


def _samples(now: datetime) -> dict[str, Any]:
    times = [now - timedelta(minutes=10 * step) for step in range(144, 0, -1)]
    samples = [
        {
            "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "qber": 0.02 + 0.004 * (index % 7) / 7,
            "skr_bit_per_s": 1800 + 15 * (index % 11),
            "stock_bits": 204_800,
        }
        for index, at in enumerate(times)
    ]
    return {"provenance": "emulated", "samples": samples}


def _link(now: datetime) -> dict[str, Any]:
    return {
        "id": "l_tld-city-bp1_01kz1p6j9ker1bd1jr5epb5m42",
        "friendly_name": "node0-node1",
        "status": "active",
        "ends": [
            {
                "resource_id": "r_tld-city-bp1_01kz1p6j9ker1bd1jr5epb5m43",
                "sae_id": "a",
                "kme_url": "",
            }
        ],
        "qkd_link_id": LINK_ID,
        "min_bandwidth_bit_per_s": None,
        "consumed_bits": 2048,
        "expires_at": (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "failure_reason": None,
        "waiting_reason": None,
    }
