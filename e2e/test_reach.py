"""Clients behind firewalls get a call: without UDP, and through the relay of docs/deploy.md where HTTPS alone gets out."""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import sys
import time
import types

import pytest

from harness import deployment
from harness.browser import wait_until
from harness.closed_network import (
    CLIENT,
    HTTPS_ALONE,
    NO_UDP,
    OPEN,
    RELAY,
    SERVER,
    ClosedNetwork,
)
from harness.deployment import MEDIA_NAME, RELAY_NAME
from harness.figures import remark
from harness.person import Person

SECRET = "a-secret-of-server-and-relay-of-many-bytes"
RELAY_URLS = (f"turn:{RELAY}:3478?transport=udp", f"turns:{RELAY_NAME}:443?transport=tcp")
# Whom the relay leads to nobody: itself, this machine, the client, and what they are called in IPv6.
REFUSED = ("127.0.0.1", "0.0.0.0", RELAY, CLIENT, "::1", "::ffff:127.0.0.1", f"::ffff:{RELAY}", f"::ffff:{SERVER}")

PATH = """async () => {
  for (const connection of window.testConnections) {
    if (connection.connectionState === 'closed') continue;
    const reports = await connection.getStats();
    for (const report of reports.values()) {
      if (report.type !== 'transport' || !report.selectedCandidatePairId) continue;
      const pair = reports.get(report.selectedCandidatePairId);
      const local = reports.get(pair.localCandidateId), remote = reports.get(pair.remoteCandidateId);
      return [local.candidateType, local.protocol, local.relayProtocol ?? null, local.address, remote.address];
    }
  }
  return null;
}"""


@pytest.fixture(scope="module")
def network():
    try:
        one = ClosedNetwork({MEDIA_NAME: SERVER, RELAY_NAME: RELAY})
    except PermissionError as error:
        pytest.skip(str(error))
    yield one
    one.close()


@pytest.fixture(scope="module")
def inside(network, playwright):
    """A browser in the closed network."""
    instance = network.inside.launch(playwright, "--ignore-certificate-errors")
    yield instance
    instance.close()


@pytest.fixture
def turn_options():
    """More options of the server that `relayed` starts."""
    return ()


@pytest.fixture
def relayed(network, outside_server, tmp_path, turn_options):
    """A server with the proxy and the relay of docs/deploy.md before it; what `Person` knows of a server."""
    options = [option for url in RELAY_URLS for option in ("--turn-url", url)]
    server = outside_server(
        *("--public-address", SERVER, *options, *turn_options),
        environment={"MARTLET_TURN_SECRET": SECRET},
    )
    services = []
    for name in ("proxy", "relay"):
        (tmp_path / name).mkdir()
    try:
        services.append(
            deployment.proxy(network.outside, tmp_path / "proxy", SERVER, server.http_port)
        )
        services.append(
            deployment.relay(network.outside, tmp_path / "relay", RELAY, SERVER, SECRET)
        )
        trust = tmp_path / "trust.pem"
        trust.write_text(
            "".join((tmp_path / name / "certificate.pem").read_text() for name in ("proxy", "relay"))
        )
        yield types.SimpleNamespace(
            url=f"https://{MEDIA_NAME}", server=server, relay=services[-1], trust=trust
        )
    finally:
        for service in services:
            service.stop()
    assert SECRET not in server.output()


@pytest.fixture
def people(inside):
    """Pages in the closed network with a room of the SDK in each."""
    opened = []

    def open_page(server, name):
        one = Person(inside, server, name)
        opened.append(one)
        return one

    yield open_page
    for one in opened:
        one.close()


def path(person):
    """The way media takes: [type, protocol, protocol to the relay, own address, the server's]."""
    return wait_until(lambda: person.page.evaluate(PATH), f"{person.name} has a path")[0]


def call(people, server, room, **options):
    """Two people in the closed network see each other move: they, and the seconds from joining to the picture."""
    ada = people(server, "ada").join(room, **options).publish()
    began = time.time()
    bob = people(server, "bob").join(room, **options)
    first = bob.sees("ada", began)
    bob.publish()
    ada.sees("bob", count=10)
    for one in (ada, bob):
        one.moved(0, ["connecting:joinRequested", "connected:joined"])
    return (ada, bob), first


def access(name, lifetime=600, secret=SECRET):
    """Credentials of the relay as a backend of one's own would make them."""
    username = f"{int(time.time()) + lifetime}:{name}"
    code = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(code).decode()


def test_a_network_without_udp_has_a_call_over_tcp(network, people, outside_server):
    network.let(NO_UDP)
    both, first = call(people, outside_server(), "no-udp")
    for one in both:
        kind, protocol, _, address, server = path(one)
        assert (kind in ("host", "prflx"), protocol, address, server) == (True, "tcp", CLIENT, SERVER)
        assert one.participant.negotiations() == 1
    remark(f"without UDP: first picture {first:.2f} s after joining, by {path(both[1])}")


# No picture may be missing, which another test beside it may cost.
@pytest.mark.alone
def test_N07_native_participants_have_a_call_over_tcp_where_udp_is_blocked(
    network, outside_server, media_tool
):
    network.let(NO_UDP)
    server = outside_server()
    bot = media_tool(
        server, "beep", "native", "--as", "bot", "--tone", 440, "--seconds", 30, inside=network.inside,
    )
    viewer = media_tool(server, "play", "native", "--json", "--seconds", 4, inside=network.inside)
    found = viewer.summary()
    way = found["path"]
    assert (way["transport"], way["localCandidate"]) == ("tcp", "host"), found
    assert way["localAddress"].startswith(CLIENT + ":"), found
    assert way["serverAddress"] == f"{SERVER}:{server.udp_port}", found
    camera, = (one for one in found["tracks"] if one["source"] == "camera")
    sound, = (one for one in found["tracks"] if one["source"] == "microphone")
    assert camera["frames"] > 40 and camera["numberGaps"] == 0, found
    assert sound["audibleMilliseconds"] > 2_000 and abs(sound["frequency"] - 440) <= 50, found
    # Where there is UDP, nobody takes TCP.
    network.let(OPEN)
    open_way = media_tool(
        server, "play", "native", "--json", "--seconds", 0.5, inside=network.inside
    ).summary()["path"]
    assert open_way["transport"] == "udp" and open_way["localCandidate"] == "host", open_way
    bot.stop()
    remark(f"native without UDP: {camera['frames']} pictures in 4 s of the first by {way}")


# No picture may be missing, which another test beside it may cost.
@pytest.mark.alone
def test_N07_native_participants_go_through_the_relay_where_nothing_else_gets_out(
    network, relayed, media_tool
):
    server = relayed.server
    # The relay by UDP, and signalling; neither the media's UDP nor its TCP.
    network.let(OPEN)
    network.let_in(f"udp dport 3478 accept; tcp dport {server.http_port} accept")
    bot = media_tool(
        server, "beep", "native", "--as", "bot", "--seconds", 30, inside=network.inside
    )
    viewer = media_tool(server, "play", "native", "--json", "--seconds", 4, inside=network.inside)
    found = viewer.summary()
    way = found["path"]
    assert (way["transport"], way["localCandidate"]) == ("udp", "relay"), found
    assert way["localAddress"].startswith(RELAY + ":"), found
    camera, = (one for one in found["tracks"] if one["source"] == "camera")
    assert camera["frames"] > 20 and camera["numberGaps"] == 0, found
    # Who wants that gets it where other ways are open as well.
    network.let_in("accept")
    wanted = media_tool(
        server, "play", "native", "--relay-only", "--json", "--seconds", 1, inside=network.inside
    ).summary()["path"]
    assert wanted["localCandidate"] == "relay" and wanted["localAddress"].startswith(RELAY + ":"), wanted
    bot.stop()
    remark(f"native through the relay: {camera['frames']} pictures in 4 s of the first")


# No picture may be missing, which another test beside it may cost.
@pytest.mark.alone
def test_N07_native_participants_have_a_call_where_only_https_gets_out(network, relayed, media_tool):
    network.let(HTTPS_ALONE)
    trust = ("--trust", relayed.trust)
    bot = media_tool(
        relayed, "beep", "https", "--as", "bot", "--seconds", 30, *trust, inside=network.inside
    )
    found = media_tool(
        relayed, "play", "https", "--json", "--seconds", 5, *trust, inside=network.inside
    ).summary()
    way = found["path"]
    assert (way["transport"], way["localCandidate"]) == ("udp", "relay"), found
    assert way["localAddress"].startswith(RELAY + ":"), found
    camera, = (one for one in found["tracks"] if one["source"] == "camera")
    assert camera["frames"] > 20 and camera["numberGaps"] == 0, found
    bot.stop()
    remark(f"native where HTTPS alone gets out: {camera['frames']} pictures in 5 s of the first")


def test_where_only_https_gets_out_the_call_goes_through_the_relay(network, people, relayed):
    network.let(HTTPS_ALONE)
    both, first = call(people, relayed, "closed")
    for one in both:
        assert path(one) == ["relay", "udp", "tls", RELAY, SERVER]
        # Joining, and one more exchange to look for the relay.
        assert one.participant.negotiations() == 2
    remark(f"through the relay over TLS: first picture {first:.2f} s after joining")


def test_who_wants_the_relay_alone_gets_it_at_once(network, people, relayed):
    network.let(OPEN)
    policy = {"iceTransportPolicy": "relay"}
    both, first = call(people, relayed, "wanted", rtcConfiguration=policy)
    for one in both:
        # How the relay itself is reached is the browser's choice: which of its two ways answers first.
        kind, protocol, way, *ends = path(one)
        assert [kind, protocol, *ends] == ["relay", "udp", RELAY, SERVER] and way in ("udp", "tls")
    remark(f"through the relay: first picture {first:.2f} s after joining, by {path(both[1])}")
    # Where there is a direct way, nobody asks the relay for one.
    (ada, _), _ = call(people, relayed, "open")
    assert path(ada)[:2] == ["host", "udp"] or path(ada)[:2] == ["prflx", "udp"]
    time.sleep(1.6)
    assert ada.participant.negotiations() == 1
    # An application with relays of its own knows them before it joins, and needs no second exchange.
    username, password = access("eve")
    own = policy | {"iceServers": [{"urls": RELAY_URLS[0], "username": username, "credential": password}]}
    eve = people(relayed, "eve").join("open", rtcConfiguration=own)
    eve.sees("ada")
    assert path(eve)[:3] == ["relay", "udp", "udp"]
    assert eve.participant.negotiations() == 1


LIFETIME = 3
SHORT_LIVED = pytest.mark.parametrize("turn_options", [("--turn-lifetime", f"{LIFETIME}s")])


def allocations(relayed, name):
    """The user names by which somebody has got allocations of the relay, and those whose allocations are over."""
    log = relayed.relay.output()
    got = set(re.findall(rf"user <(\d+:{name})>: incoming packet ALLOCATE processed, success", log))
    return got, set(re.findall(rf"closed \(2nd stage\), user <(\d+:{name})>", log))


@SHORT_LIVED
def test_a_relayed_call_outlives_its_credentials(network, people, relayed):
    network.let(OPEN)
    both, _ = call(people, relayed, "long", rtcConfiguration={"iceTransportPolicy": "relay"})
    began = time.time()
    time.sleep(2 * LIFETIME + 1)
    for one, other in (both, both[::-1]):
        gap, count = one.longest_gap(other.name, began, time.time())
        assert gap < 1.5 and count > 60, (gap, count)
        one.moved(0, ["connecting:joinRequested", "connected:joined"])
        assert path(one)[0] == "relay"
        # It was allocated with credentials that are good still. (A browser gives those before back after a minute.)
        got, _ = allocations(relayed, one.name)
        assert len(got) >= 4 and max(int(user.split(":")[0]) for user in got) > time.time()
        remark(f"{one.name}: {len(got)} allocations one after the other, longest gap {gap:.2f} s")


@pytest.mark.alone
@SHORT_LIVED
def test_a_native_relayed_call_outlives_its_credentials(network, relayed, media_tool):
    server = relayed.server
    network.let(OPEN)
    network.let_in(f"udp dport 3478 accept; tcp dport {server.http_port} accept")
    bot = media_tool(server, "beep", "long", "--as", "bot", "--seconds", 30, inside=network.inside)
    found = media_tool(
        server, "play", "long", "--json", "--as", "viewer", "--seconds", 2 * LIFETIME + 2,
        inside=network.inside,
    ).summary()
    assert found["path"]["localCandidate"] == "relay", found
    camera, = (one for one in found["tracks"] if one["source"] == "camera")
    assert camera["frames"] > 20 * 2 * LIFETIME and camera["numberGaps"] == 0, found
    for name in ("viewer", "bot"):
        got, over = allocations(relayed, name)
        assert len(got) >= 3 and min(got) in over, (name, got, over)
    bot.stop()
    network.let_in("accept")
    remark(f"native: {camera['frames']} pictures over {len(got)} allocations")


def test_the_relay_leads_to_the_media_and_nowhere_else(network, relayed):
    def probe(username, password):
        script = pathlib.Path(__file__).parent / "harness" / "turn_probe.py"
        return json.loads(
            network.outside.run(
                *(sys.executable, str(script), RELAY, "3478", username, password, SERVER, *REFUSED)
            )
        )

    found = probe(*access("ada"))
    assert (found["unauthorised"], found["allocate"], found["relayed"]) == (401, 0, RELAY)
    assert found["peers"].pop(SERVER) == 0
    # 403 forbidden, 443 an address of another family than the relayed one.
    assert all(code in (403, 443) for code in found["peers"].values()), found
    assert len(found["peers"]) == len(REFUSED)
    assert probe(*access("ada", lifetime=-60))["allocate"] == 401
    assert probe(*access("ada", secret="another"))["allocate"] == 401


def test_the_proxy_lets_through_what_is_for_everybody(network, relayed):
    def status(target):
        return network.outside.run(
            *("curl", "-sko", "/dev/null", "-w", "%{http_code}", "--path-as-is"),
            *("--resolve", f"{MEDIA_NAME}:443:{SERVER}", relayed.url + target),
        )

    assert [status(one) for one in ("/", "/martlet.js", "/healthz")] == ["200"] * 3
    closed = ("/metrics", "/v1/rooms", "/v1/openapi.json", "//v1/rooms", "/v1/signal/../rooms", "/%761/rooms")
    assert {one: status(one) for one in closed} == dict.fromkeys(closed, "404")
