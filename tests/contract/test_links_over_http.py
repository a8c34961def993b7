"""QKD links as HTTP clients see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.domain.qkd import Provenance, Sample
from tests.fakes.api import EXPERIMENT, NOW, Api, link_body, request_body, wanted
from tests.fakes.qkd import QKD_LINK, SITES


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api(monkeypatch, qkd_sites=SITES)
    api.offer_qkd()
    return api


def test_a_link_is_asked_for_with_its_vms(api: Api) -> None:
    answer = api.call("POST", "/resources?request_id=one", body=link_body()).json_body
    (link,) = answer["links"]
    assert (link["status"], link["type"], link["qkd_link_id"]) == ("requested", "qkd", QKD_LINK)
    assert answer["task"]["link_ids"] == [link["id"]]
    assert [r["links"] for r in answer["resources"]] == [[link["id"]], [link["id"]]]
    assert [end["resource_id"] for end in link["ends"]] == answer["task"]["resource_ids"]
    assert [end["kme_url"] for end in link["ends"]] == ["https://kme-a:2", "https://kme-b:2"]
    assert [step["name"] for step in answer["task"]["steps"]][-2:] == ["ab: reserved", "ab: active"]
    assert api.call("GET", f"/links/{link['id']}").json_body == link
    assert api.call("GET", f"/links?experiment_id={EXPERIMENT}").json_body == [link]


def test_a_dry_run_says_what_would_fit(api: Api) -> None:
    body = link_body(min_bandwidth_bit_per_s=300)
    answer = api.call("POST", "/resources?dry_run=true", body=body).json_body
    assert answer["links"] == [
        {"friendly_name": "ab", "qkd_link_id": QKD_LINK, "min_bandwidth_bit_per_s": 300,
         "key_size_bits": 256, "free_bit_per_s": 1000}
    ]  # fmt: skip
    refused = api.call(
        "POST", "/resources?dry_run=true", body=link_body(min_bandwidth_bit_per_s=1001)
    )
    assert refused.status_code == 409
    assert refused.json_body["code"] == "bandwidth-exceeded"
    assert refused.json_body["errors"][0]["field"] == "links[0].min_bandwidth_bit_per_s"
    assert "at most 1000 bit/s would fit" in refused.json_body["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "fiber"}, "links[0].type"),
        ({"source": "vm-c"}, "links[0].source"),
        ({"destination": "vm-a"}, "links[0].destination"),
        ({"min_bandwidth_bit_per_s": -1}, "links[0].min_bandwidth_bit_per_s"),
        ({"key_size_bits": 255}, "links[0].key_size_bits"),
        ({"friendly_name": "../etc"}, "links[0].friendly_name"),
    ],
)
def test_wrong_fields_are_named(api: Api, changes: dict[str, object], field: str) -> None:
    before = api.state()
    answer = api.call("POST", "/resources", body=link_body(**changes))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json_body["errors"]] == [field]
    assert api.state() == before


def test_without_qkd_links_are_refused_and_lists_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch)
    answer = api.call("POST", "/resources", body=link_body())
    assert answer.status_code == 422
    assert "offers no links" in answer.json_body["detail"]
    assert api.call("GET", "/qkd-links").json_body == []
    site = api.call("GET", "/infrastructures").json_body[0]
    assert (site["supports_qkd"], "qkd" in site["features"]) == (False, False)
    body = request_body(resources=[wanted()], links=[])
    assert api.call("POST", "/resources", body=body).status_code == 200


def test_the_site_says_that_it_has_qkd(api: Api) -> None:
    site = api.call("GET", "/infrastructures").json_body[0]
    assert (site["supports_qkd"], "qkd" in site["features"]) == (True, True)


def test_a_qkd_link_shows_units_and_provenance(api: Api) -> None:
    (shown,) = api.call("GET", "/qkd-links").json_body
    assert shown == api.call("GET", f"/qkd-links/{QKD_LINK}").json_body
    assert (shown["provenance"], shown["qber"], shown["ends"]) == (
        "emulated", 0.033, ["kme-a", "kme-b"],
    )  # fmt: skip
    assert api.call("GET", "/qkd-links/other").status_code == 404


def test_samples_as_json_and_csv(api: Api) -> None:
    series = [
        Sample(NOW - timedelta(minutes=n), 0.03, 1200.0, None, 99, 7, Provenance.EMULATED, ("eve",))
        for n in (2, 1)
    ]
    api.telemetry.add_samples(QKD_LINK, [*series, replace(series[0], at=NOW - timedelta(days=1))],
                              NOW + timedelta(days=1))  # fmt: skip
    path = f"/qkd-links/{QKD_LINK}/samples"
    answer = api.call("GET", path).json_body
    assert [sample["stock_bits"] for sample in answer["samples"]] == [99, 99]
    assert answer["units"]["skr_bit_per_s"].startswith("bit/s")
    assert answer["provenance"] == "emulated"
    text = api.call("GET", f"{path}?format=csv")
    assert text.headers["Content-Type"].startswith("text/csv")
    what, units, period, columns, *lines = text.body.decode().splitlines()
    assert what.startswith(f"# QKD link {QKD_LINK}, kme-a - kme-b of ")
    assert what.endswith(", emulated data")
    assert "skr_bit_per_s in bit/s of secret key" in units
    assert period == "# From 2025-06-24T05:00:01Z to before 2025-06-24T06:00:01Z: every sample."
    assert columns == (
        "at,qber,skr_bit_per_s,eskr_bit_per_s,stock_bits,consumed_bits,"
        "qber_max,skr_min_bit_per_s,sample_count,provenance,faults"
    )
    assert lines[0] == "2025-06-24T05:58:00Z,0.03,1200.0,,99,7,0.03,1200.0,1,emulated,eve"
    day = api.call("GET", f"{path}?from=2025-06-22T00:00:00Z&to=2025-06-25T00:00:00Z").json_body
    assert len(day["samples"]) == 3
    assert api.call("GET", f"{path}?from=yesterday").status_code == 422
    assert api.call("GET", f"{path}?from=2025-06-25T00:00:00Z").status_code == 422


def test_a_long_series_says_that_it_goes_on_and_where(api: Api) -> None:
    series = [
        Sample(NOW - timedelta(seconds=n), 0.01 * n, 1200.0, None, n, 7, Provenance.EMULATED)
        for n in range(5, 0, -1)
    ]
    api.telemetry.add_samples(QKD_LINK, series, NOW + timedelta(days=1))
    path = f"/qkd-links/{QKD_LINK}/samples?limit=2"
    stock, pages = [], 0
    while path:
        page = api.call("GET", path)
        csv = api.call("GET", f"{path}&format=csv")
        answer, pages = page.json_body, pages + 1
        stock += [one["stock_bits"] for one in answer["samples"]]
        assert answer["is_cut"] == (answer["next_cursor"] is not None) == ("Link" in page.headers)
        assert ("Link" in csv.headers) == ("# Cut at " in csv.body.decode()) == answer["is_cut"]
        path = page.headers["Link"].split(">")[0][1:] if "Link" in page.headers else ""
        assert not path or answer["next_cursor"] in path
    assert (stock, pages) == ([5, 4, 3, 2, 1], 3)


def test_a_step_joins_samples_and_says_so(api: Api) -> None:
    series = [
        Sample(NOW + timedelta(seconds=n), qber, 900.0 + n, None, n, 7, Provenance.EMULATED)
        for n, qber in ((-20, 0.02), (-10, 0.04))
    ]
    api.telemetry.add_samples(QKD_LINK, series, NOW + timedelta(days=1))
    path = f"/qkd-links/{QKD_LINK}/samples?step=60"
    answer = api.call("GET", path).json_body
    (point,) = answer["samples"]
    assert answer["step_seconds"] == 60
    assert (point["at"], point["sample_count"]) == ("2025-06-24T05:59:00Z", 2)
    assert (point["qber"], point["qber_max"]) == (pytest.approx(0.03), 0.04)
    assert (point["skr_bit_per_s"], point["skr_min_bit_per_s"]) == (885.0, 880.0)
    assert "one line per 60 s" in api.call("GET", f"{path}&format=csv").body.decode()


@pytest.mark.parametrize(
    "query",
    ["step=0", "step=86401", "step=1.5", "limit=0", "limit=10001", "cursor=bm9uZQ", "cursor=!"],
)
def test_samples_refuse_what_they_cannot_do(api: Api, query: str) -> None:
    name = query.split("=", maxsplit=1)[0]
    refused = api.call("GET", f"/qkd-links/{QKD_LINK}/samples?{query}")
    assert refused.status_code == 422
    assert refused.json_body["errors"][0]["field"] == name


def test_deleting_a_link_keeps_its_vms(api: Api) -> None:
    link = api.call("POST", "/resources", body=link_body()).json_body["links"][0]
    task = api.call("DELETE", f"/links/{link['id']}").json_body["task"]
    assert (task["action"], task["link_ids"]) == ("delete_link", [link["id"]])
    assert api.call("DELETE", f"/links/{link['id']}").json_body["task"]["id"] == task["id"]
    assert ("release_link", {"task_id": task["id"]}) in [(w, p) for w, _n, p in api.engine.started]
