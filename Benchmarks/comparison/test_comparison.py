"""That figures are read, combined and judged as they should be."""
# SPDX-License-Identifier: Apache-2.0

import dataclasses
import os
import pathlib
import time
import unittest

from . import machine
from .ceiling import RATE_MAX, RATE_MIN, RATE_STEP, Probe, ceiling, describe
from .floor import Floor, FloorError, parse
from .load import LoadError, parse_numbers
from .report import JANUS, JANUS_ONE, MARTLET, Report, Run
from .servers import Janus

CASE = "1 x 50, bursts"


def run(server=MARTLET, us=3, **changes):
    """A run without faults that forwarded 100,000 packets."""
    plain = Run(
        server=server,
        case=CASE,
        seconds=10,
        sent=2_000,
        received=100_000,
        lost=0,
        load_drops=0,
        cpu_seconds=us / 10,
        loop_seconds=us / 20,
        load_seconds=1,
        p50_ms=0.1,
        p99_ms=1,
        kilobytes=60,
        threads=4,
        join_ms=5,
        idle_share=0.8,
        others_share=0.01,
    )
    return dataclasses.replace(plain, **changes)


def sitting(ours=3, default=20, one=10, **changes):
    """One run of each server."""
    return [run(MARTLET, ours, **changes), run(JANUS, default), run(JANUS_ONE, one)]


class SendingAlone(unittest.TestCase):
    def test_what_the_bare_sender_says_is_read_and_loss_is_none_of_it(self):
        self.assertEqual(parse("4.041 us for each of 50000 datagrams, 0 lost\n"), 4.041)
        for text in ["", "4 us\n", "4.0 us for each of 50000 datagrams, 3 lost\n"]:
            with self.assertRaises(FloorError):
                parse(text)

    def test_every_datagram_of_the_bare_sender_arrives(self):
        floor = Floor()
        self.addCleanup(floor.close)
        self.assertGreater(floor.us("127.0.0.1", 3, 1), 0)
        with self.assertRaises(FloorError):
            floor.us("127.0.0.1", 65, 1)

    def test_a_bar_below_what_sending_takes_is_called_that(self):
        for ours, floor, expected in [
            (3, 4, "met"),
            (5, 4.5, "missed, 4.00, 4.00 asked: less than sending alone takes"),
            (5, 3.9, "missed, 4.00, 4.00 asked"),
        ]:
            report = Report(sitting(ours), {CASE: [floor, floor]})
            self.assertEqual(report.verdict(CASE), expected)
        self.assertEqual(Report(sitting(5)).verdict(CASE), "missed")
        self.assertIn("4.50", Report(sitting(5), {CASE: [4.5]}).table())


class Readings(unittest.TestCase):
    def test_the_loads_counters(self):
        self.assertEqual(parse_numbers("sent=1 received=22"), {"sent": 1, "received": 22})
        for garbled in ["sent", "sent=", "sent=-1", "sent=x"]:
            with self.assertRaises(LoadError):
                parse_numbers(garbled)

    def test_busy_and_idle_time_of_the_machine(self):
        busy, idle = machine.parse_busy("cpu  100 10 50 700 30 1 9 5 77 0\ncpu0 1 1 1 1\n")
        self.assertEqual((busy * machine.TICKS, idle * machine.TICKS), (175, 730))

    def test_the_cpu_time_of_a_process_is_that_of_its_stat_file(self):
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            pass
        fields = pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        self.assertAlmostEqual(machine.cpu_seconds(os.getpid()), ticks / machine.TICKS, delta=0.05)
        self.assertGreaterEqual(machine.threads(os.getpid()), 1)


class Judgements(unittest.TestCase):
    def test_cpu_is_counted_for_packets_received(self):
        self.assertAlmostEqual(run(us=3).us, 3)
        self.assertAlmostEqual(run(us=3, received=50_000).us, 6)
        self.assertAlmostEqual(run(us=3).loop_us, 1.5)
        self.assertIsNone(run(loop_seconds=None).loop_us)

    def test_ratios_are_those_of_medians(self):
        runs = sitting(ours=3) + sitting(ours=4, default=40) + sitting(ours=90, default=41)
        report = Report(runs)
        self.assertAlmostEqual(report.us(CASE, MARTLET), 4)
        self.assertAlmostEqual(report.ratio(CASE, JANUS), 0.1)
        self.assertAlmostEqual(report.ratio(CASE, JANUS_ONE), 0.4)

    def test_the_bar_is_met_only_beside_both(self):
        def row(runs):
            return Report(runs).table().splitlines()[2].split("|")[-2].strip()

        self.assertEqual(row(sitting(4, 20, 10)), "met")
        self.assertEqual(row(sitting(4, 19, 10)), "missed")
        self.assertEqual(row(sitting(4, 20, 9)), "missed")
        self.assertEqual(row(sitting()[:2]), "missed")

    def test_the_other_bars(self):
        def met(**changes):
            return [is_met for _, _, is_met in Report(sitting(**changes)).verdicts()]

        self.assertEqual(met(), [True, True, True])
        self.assertEqual(met(p99_ms=2.1), [False, True, True])
        self.assertEqual(met(kilobytes=101), [True, False, True])
        self.assertEqual(met(lost=1), [True, True, False])

    def test_figures_of_a_bad_run_are_called_invalid(self):
        self.assertEqual(Report(sitting()).problems(), [])
        self.assertNotIn("NOT VALID", Report(sitting()).text())
        for change in [
            {"load_seconds": 9.5},
            {"load_drops": 1},
            {"others_share": 0.2},
            {"received": 0},
        ]:
            report = Report(sitting(**change))
            self.assertEqual(len(report.problems()), 1, change)
            self.assertIn("NOT VALID", report.text())

    def test_what_was_not_measured_is_a_dash(self):
        report = Report([run(JANUS)])
        self.assertIn("| -", report.table())
        self.assertIsNone(report.ratio(CASE, JANUS))
        self.assertFalse(any(is_met for _, _, is_met in report.verdicts()))
        Report([]).text()


class Ceilings(unittest.TestCase):
    def probes(self, most):
        """A server that forwards so many packets a second."""
        asked = []

        def probe(rate):
            asked.append(rate)
            done = run(sent=rate // 10, received=rate * 10, lost=int(rate > most))
            return Probe(rate=rate, receivers=100, run=done)

        return asked, ceiling(probe)

    def test_the_highest_clean_rate_is_found_between_a_clean_and_a_lossy_one(self):
        for most in [60_000, 95_000, 201_000, 340_000]:
            asked, found = self.probes(most)
            self.assertLessEqual(found.rate, most)
            self.assertLess(most - found.rate, 2 * RATE_STEP)
            self.assertLessEqual(len(asked), 10)
            self.assertEqual(len(asked), len(set(asked)))

    def test_a_server_beyond_the_scale_is_at_one_of_its_ends(self):
        self.assertEqual(self.probes(10 * RATE_MAX)[1].rate, RATE_MAX)
        self.assertIsNone(self.probes(RATE_MIN // 2)[1])
        self.assertIn("less than", describe("x", None))
        self.assertIn("or more", describe("x", self.probes(10 * RATE_MAX)[1]))
        self.assertNotIn("or more", describe("x", self.probes(95_000)[1]))

    def test_a_rate_is_clean_only_if_all_was_sent_and_received(self):
        def is_clean(**changes):
            plain = {"sent": 20_000, "received": 2_000_000}
            return Probe(rate=200_000, receivers=100, run=run(**{**plain, **changes})).is_clean

        self.assertTrue(is_clean())
        self.assertFalse(is_clean(lost=1))
        self.assertFalse(is_clean(sent=19_000, received=1_900_000))
        self.assertFalse(is_clean(received=1_900_000))
        self.assertFalse(is_clean(load_drops=1))


class Configuration(unittest.TestCase):
    def test_janus_is_told_where_things_are_and_how_many_loops_only_if_asked(self):
        for loops in [None, 1]:
            server = Janus("127.0.1.1", loops)
            folder = server.command()[1].split("=", 1)[1]
            text = (pathlib.Path(folder) / "janus.jcfg").read_text()
            self.assertIn('ice_enforce_list = "127.0.1.1"', text)
            self.assertEqual("event_loops = 1" in text, loops == 1)
            server.folder.cleanup()


if __name__ == "__main__":
    unittest.main()
