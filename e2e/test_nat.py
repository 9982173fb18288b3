"""Clients behind a router's NAT have a call, and keep it when the router forgets them or gets another address."""

import time

import pytest

from harness import deployment
from harness.closed_network import RELAY, SERVER
from harness.figures import remark
from harness.person import Person
from harness.translated_network import (
    CHANGES_PORTS,
    KEEPS_PORTS,
    OTHER_PUBLIC,
    PUBLIC,
    TranslatedNetwork,
)

# They look at how steady pictures are.
pytestmark = pytest.mark.alone

SECRET = "a-secret-of-server-and-relay-of-many-bytes"


@pytest.fixture(scope="module")
def network():
    try:
        one = TranslatedNetwork()
    except PermissionError as error:
        pytest.skip(str(error))
    yield one
    one.close()


@pytest.fixture(scope="module")
def inside(network, playwright):
    """A browser behind the NAT."""
    instance = network.inside.launch(playwright)
    yield instance
    instance.close()


@pytest.fixture
def call(network, inside, outside_server, media_tool):
    """Starts a native participant and a page that publish behind the NAT, and native ones on either side that watch both
    for some seconds: (page, server, viewers)."""
    pages = []

    def start(seconds):
        server = outside_server()
        media_tool(server, "beep", "nat", "--as", "bot", "--seconds", 60, inside=network.inside)
        pages.append(Person(inside, server, "ada").join("nat").publish())
        pages[0].sees("bot")
        viewers = {
            name: media_tool(server, "play", "nat", "--json", "--as", name, "--seconds", seconds, inside=side)
            for name, side in (("within", network.inside), ("without", network.outside))
        }
        time.sleep(2)
        return pages[0], server, viewers

    yield start
    for page in pages:
        page.close()


def went_on(page, began, viewers):
    """Insists on pictures that stood still for less than a second: {who watches: milliseconds}."""
    gaps = {}
    for name, viewer in viewers.items():
        for one in viewer.summary()["tracks"]:
            if one["source"] == "camera":
                gaps[f"{name} of {one['participant']}"] = one["longestGapMilliseconds"]
                assert one["frames"] > 30 and one["numberGaps"] <= 5, one
    gaps["ada of bot"] = round(1_000 * page.longest_gap("bot", began, time.time())[0])
    assert len(gaps) == 5 and max(gaps.values()) < 1_000, gaps
    return gaps


def test_calls_go_on_where_a_nat_forgets_them(network, call):
    network.translate(CHANGES_PORTS)
    ada, server, viewers = call(4.5)
    before, mark, began = network.mappings(server.udp_port), ada.mark(), time.time()
    network.forget_udp()
    gaps = went_on(ada, began, viewers)
    after = network.mappings(server.udp_port)
    # All three are seen at other ports than before.
    assert len(before) == 3 and before.keys() <= after.keys(), (before, after)
    assert not set(before.values()) & set(after.values()), (before, after)
    ada.moved(mark, [])
    remark(f"a NAT forgets, pictures stood still for at most: {gaps} ms")


def test_calls_go_on_where_the_router_gets_another_address(network, call):
    network.translate(KEEPS_PORTS)
    ada, server, viewers = call(4.5)
    mark, began = ada.mark(), time.time()
    network.dial(OTHER_PUBLIC)
    try:
        gaps = went_on(ada, began, viewers)
        seen = network.mappings(server.udp_port).values()
        assert len(seen) >= 2 and all(one.startswith(OTHER_PUBLIC + ":") for one in seen), seen
        # Signalling broke with its connection, and media did not.
        ada.wait_state("connected", "resumed", mark)
        ada.moved(mark, ["reconnecting:signalLost", "connected:resumed"])
    finally:
        network.dial(PUBLIC)
    remark(f"a router gets another address, pictures stood still for at most: {gaps} ms")


@pytest.fixture
def relayed(network, outside_server, tmp_path):
    """A server that names a relay, which is a STUN server as well."""
    server = outside_server(
        *("--public-address", SERVER, "--turn-url", f"turn:{RELAY}:3478?transport=udp"),
        environment={"MARTLET_TURN_SECRET": SECRET},
    )
    relay = deployment.relay(network.outside, tmp_path, RELAY, SERVER, SECRET)
    yield server
    relay.stop()


def test_N07_native_participants_know_what_a_stun_server_sees(network, relayed, media_tool):
    def way():
        return media_tool(
            relayed, "play", "seen", "--json", "--seconds", 1, inside=network.inside
        ).summary()["path"]

    # A NAT by which everybody sees the same port: the server sees what the STUN server saw.
    network.translate(KEEPS_PORTS)
    found = way()
    assert (found["transport"], found["localCandidate"]) == ("udp", "srflx"), found
    seen = network.mappings(relayed.udp_port).values()
    assert found["localAddress"].startswith(PUBLIC + ":") and found["localAddress"] in seen, (found, seen)
    # One with another port for each: what the STUN server saw is of no use, and of no harm.
    network.translate(CHANGES_PORTS)
    found = way()
    assert (found["transport"], found["localCandidate"]) == ("udp", "prflx"), found
    assert found["localAddress"] in network.mappings(relayed.udp_port).values(), found


def test_a_native_relayed_call_goes_on_where_a_nat_forgets_it(network, relayed, media_tool):
    network.translate(CHANGES_PORTS)
    media_tool(relayed, "beep", "relayed", "--as", "bot", "--seconds", 60, inside=network.outside)
    viewer = media_tool(
        relayed, "play", "relayed", "--relay-only", "--json", "--seconds", 6, inside=network.inside
    )
    time.sleep(4)
    # For the relay an allocation belongs to the port it was asked for from.
    network.forget_udp()
    found = viewer.summary()
    assert found["path"]["localCandidate"] == "relay", found
    gap, = (one["longestGapMilliseconds"] for one in found["tracks"] if one["source"] == "camera")
    assert 500 < gap < 2_500, found
    remark(f"a NAT forgets who is relayed: pictures stood still for {gap} ms")
