import random

import numpy as np
import pytest

from infra.onprem.qkd_agent.config_sections import EmulatorSection
from infra.onprem.qkd_agent.emulator.decoy import Channel, decoy_rate, expected
from infra.onprem.qkd_agent.emulator.drift import Drift
from infra.onprem.qkd_agent.emulator.faults import Fault, FaultKind
from infra.onprem.qkd_agent.emulator.randomness import generator
from infra.onprem.qkd_agent.emulator.sampling import PulseTrain, draw
from infra.onprem.qkd_agent.emulator.stock import Stock
from infra.onprem.qkd_agent.keystore.database import Database
from infra.onprem.qkd_agent.keystore.held import AlreadyUsed
from infra.onprem.qkd_agent.keystore.ledger import Ledger
from infra.onprem.qkd_agent.keystore.link_records import LinkRecords
from infra.onprem.qkd_agent.secret import SecretBytes
from infra.onprem.qkd_agent.south.base import LinkStatus, StockShort
from infra.onprem.qkd_agent.south.build import physics_of
from infra.onprem.qkd_agent.south.emulated import EmulatedLink, Parameters

LINK = "11111111-2222-3333-4444-555555555555"
START = 1_800_000_000.0


@pytest.mark.parametrize(
    ("km", "rate_deviation", "qber_deviation"),
    [(20, 0.003, 2e-5), (50, 0.006, 5e-5), (100, 0.03, 2e-4)],
)
def test_sampled_means_and_scatter(km, rate_deviation, qber_deviation):
    channel, train, number = Channel(km), PulseTrain(), 200
    blocks = [draw(generator("s", LINK, "counts", i), channel, train) for i in range(number)]
    rates = np.array([block.secret_bits for block in blocks])
    qbers = np.array([block.qber for block in blocks])
    seen = expected(channel)
    ideal = decoy_rate(channel, seen) * train.pulses(train.signal_share)
    assert rates.mean() == pytest.approx(ideal, abs=4 * rates.std() / number**0.5)
    assert qbers.mean() == pytest.approx(seen.signal_error, abs=4 * qbers.std() / number**0.5)
    assert rates.std() / ideal == pytest.approx(rate_deviation, rel=0.5)
    assert qbers.std() == pytest.approx(qber_deviation, rel=0.5)


def make_drift(deviation=1e-3):
    return Drift("seed", LINK, "error", 0.033, deviation, 600.0, 10.0)


def test_drift_does_not_depend_on_who_asks_when():
    blocks = list(range(180_000_000, 180_003_000))
    straight = make_drift()
    values = {block: straight.at(block) for block in blocks}
    shuffled = make_drift()
    random.Random(1).shuffle(blocks)
    assert all(shuffled.at(block) == values[block] for block in blocks[:200])
    assert (
        Drift("other", LINK, "error", 0.033, 1e-3, 600.0, 10.0).at(blocks[0]) != values[blocks[0]]
    )


def test_drift_makes_the_exact_step_and_has_the_right_width():
    drift = make_drift()
    values = np.array([drift.at(block) for block in range(100_000, 130_000)])
    a = drift.damping
    noise = (values[1:] - 0.033 - a * (values[:-1] - 0.033)) / (1e-3 * (1 - a * a) ** 0.5)
    assert noise.std() == pytest.approx(1.0, rel=0.03)
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.03
    assert values.std() == pytest.approx(1e-3, rel=0.25)
    assert make_drift(0.0).at(5) == 0.033


def test_stock_is_clamped_at_every_step():
    stock = Stock(bits=90, maximum_bits=100, consumed_bits=0, next_block=0)
    stock = stock.filled(50).taken(60)
    assert (stock.bits, stock.consumed_bits, stock.next_block) == (40, 60, 1)
    assert stock.filled(-5).bits == 40
    with pytest.raises(ValueError, match="short"):
        stock.taken(41)


class Bench:
    """An emulated link with a clock of its own."""

    def __init__(self, directory, **changes):
        secret_file = directory / "secret"
        secret_file.write_bytes(b"s" * 32)
        self.now = START
        self.faults = []
        self.database = Database(directory / "db.sqlite3")
        settings = {"seed": "x", "secret_file": secret_file, "length_km": 50.0, **changes}
        parameters = Parameters(LINK, "kme-a", 1 << 24, changes.get("initial_stock_bits", 0.0), 0)
        self.link = EmulatedLink(
            parameters=parameters,
            physics=physics_of(LINK, EmulatorSection(**settings)),
            secret=SecretBytes(b"s" * 32),
            records=LinkRecords(self.database, LINK),
            ledger=Ledger(self.database),
            faults=lambda: self.faults,
            clock=lambda: self.now,
        )
        self.link.view()


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.database.close()


def test_the_series_does_not_depend_on_who_polls_when(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    often, once = Bench(tmp_path / "1"), Bench(tmp_path / "2")
    for _ in range(30):
        often.now += 10
        often.link.view()
    once.now += 300
    assert once.link.samples(0, 1000) == often.link.samples(0, 1000)
    assert len(once.link.samples(0, 1000)) == 30
    assert once.link.view() == often.link.view()
    often.database.close()
    once.database.close()


def test_stock_follows_the_rate_and_deliveries(bench):
    bench.now += 100
    view = bench.link.view()
    samples = bench.link.samples(0, 100)
    assert view.status is LinkStatus.ACTIVE
    assert view.source == "emulated"
    assert view.stock_bits == pytest.approx(sum(s.skr for s in samples) * 10, abs=len(samples))
    assert view.skr == pytest.approx(view.expected_skr, rel=0.2)
    bench.link.draw(["10000000-0000-0000-0000-000000000000"], 256, "kme-b")
    after = bench.link.view()
    assert after.stock_bits == pytest.approx(view.stock_bits - 256, abs=1)
    assert after.consumed_bits == 256


def test_short_stock_takes_nothing(bench):
    with pytest.raises(StockShort):
        bench.link.draw(["10000000-0000-0000-0000-000000000000"], 256, "kme-b")
    assert bench.link.view().consumed_bits == 0


def test_both_ends_derive_the_same_key_and_offsets_never_repeat(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    one = Bench(tmp_path / "1", initial_stock_bits=1e5)
    other = Bench(tmp_path / "2", initial_stock_bits=1e5)
    ids = [f"0000000{i}-0000-0000-0000-000000000000" for i in range(4)]
    drawn = one.link.draw(ids[:2], 512, "kme-b") + one.link.draw(ids[2:], 512, "kme-b")
    matched = other.link.match(ids, [key.reference for key in drawn], 512, "kme-b")
    assert [key.secret for key in drawn] == matched
    assert len({bytes(key.secret.view()) for key in drawn}) == 4
    assert [key.reference["offset"] for key in drawn] == [0, 1, 2, 3]
    one.database.close()
    other.database.close()


def test_an_id_is_used_once_for_each_target(tmp_path):
    one = Bench(tmp_path, initial_stock_bits=1e5)
    ids = ["00000000-0000-0000-0000-000000000000"]
    to_b, to_c = (one.link.draw(ids, 256, target)[0] for target in ("kme-b", "kme-c"))
    assert to_b.secret != to_c.secret
    with pytest.raises(AlreadyUsed):
        one.link.draw(ids, 256, "kme-b")
    one.database.close()


def test_faults_act_on_their_time_only(bench):
    bench.faults.append(Fault("e", LINK, FaultKind.EVE, 0.2, START + 50, START + 100))
    bench.now += 150
    samples = bench.link.samples(0, 100)
    assert [s.faults for s in samples] == [()] * 5 + [("eve",)] * 5 + [()] * 5
    assert all(s.qber > 0.07 and s.skr == 0 for s in samples[5:10])
    assert all(s.qber < 0.05 and s.skr > 0 for s in samples[:5] + samples[10:])


def test_a_cut_link_is_passive_and_then_off(bench):
    bench.now += 20
    bench.link.view()
    bench.faults.append(Fault("c", LINK, FaultKind.CUT, 0, bench.now, bench.now + 1000))
    bench.now += 20
    view = bench.link.view()
    assert (view.status, view.qber, view.skr) == (LinkStatus.PASSIVE, None, 0)
    assert view.is_down
    largest = 65280
    ids = [f"{i:08d}-0000-0000-0000-000000000000" for i in range(view.stock_bits // largest)]
    bench.link.draw(ids, largest, "kme-b")
    rest = bench.link.view().stock_bits // 8 * 8
    bench.link.draw(["f0000000-0000-0000-0000-000000000000"], rest, "kme-b")
    assert bench.link.view().status is LinkStatus.OFF


def test_a_disabled_link_makes_nothing_and_comes_back(bench):
    bench.link.enable(enabled=False)
    bench.now += 50
    assert bench.link.view().status is LinkStatus.OFF
    bench.link.enable(enabled=True)
    bench.now += 50
    assert bench.link.view().status is LinkStatus.ACTIVE
    assert [s.skr > 0 for s in bench.link.samples(0, 100)] == [False] * 5 + [True] * 5
