"""Agents with the south face `etsi014`, and KMEs of another operator for them to ask."""

import tomllib

from infra.onprem import lab
from tests.onprem.conftest import make_world

# The longest SAE IDs there may be, with characters that a path has to encode.
AGENTS = tuple(f"agent {side}/%41?".ljust(64, "x") for side in "ab")
KMES = {"vendor-a": [AGENTS[0]], "vendor-b": [AGENTS[1]]}


def device_world(directory, kmes, *, uses_get=False):
    """Return two sites that take the keys of their link from two KMEs, which are running."""
    world = make_world(directory, {"kme-a": ["alice"], "kme-b": ["bob"]})
    for index, site in enumerate(kmes.lab.sites):
        certificate, private_key = kmes.lab.files(AGENTS[index])
        path = world.lab.configuration(index)
        tables = tomllib.loads(path.read_text())
        (link,) = tables["links"]
        del link["emulator"]
        link["etsi014"] = {
            "url": f"https://127.0.0.1:{site.ports['sae']}",
            "certificate": str(certificate),
            "private_key": str(private_key),
            "trusted_ca": str(kmes.lab.kme_ca),
            "own_sae_id": AGENTS[index],
            "peer_sae_id": AGENTS[1 - index],
            "uses_get": uses_get,
            "maximum_keys": 3,
        }
        path.write_text("".join(lab._table(name, value) for name, value in tables.items()))
    return world
