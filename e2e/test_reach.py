"""Clients behind firewalls get a call: without UDP, and through a relay where nothing but HTTPS gets out."""

import pytest

from harness.browser import wait_until
from harness.closed_network import CLIENT, NO_UDP, ClosedNetwork, OutsideServer
from harness.figures import remark
from harness.person import Person

PATH = """async () => {
  for (const connection of window.testConnections) {
    if (connection.connectionState === 'closed') continue;
    const reports = await connection.getStats();
    for (const report of reports.values()) {
      if (report.type !== 'transport' || !report.selectedCandidatePairId) continue;
      const pair = reports.get(report.selectedCandidatePairId);
      const local = reports.get(pair.localCandidateId), remote = reports.get(pair.remoteCandidateId);
      return {
        kind: local.candidateType, protocol: local.protocol, relayProtocol: local.relayProtocol ?? null,
        address: local.address, remote: `${remote.address}:${remote.port}`, remoteProtocol: remote.protocol,
      };
    }
  }
  return null;
}"""


@pytest.fixture(scope="module")
def network():
    try:
        one = ClosedNetwork()
    except PermissionError as error:
        pytest.skip(str(error))
    yield one
    one.close()


@pytest.fixture(scope="module")
def inside(network, playwright):
    """A browser in the closed network."""
    instance = network.launch(playwright, "--ignore-certificate-errors")
    yield instance
    instance.close()


@pytest.fixture
def people(inside):
    """Pages in the closed network with a room of the SDK in each."""
    opened = []

    def open_page(server, name, **links):
        one = Person(inside, server, name, **links)
        opened.append(one)
        return one

    yield open_page
    for one in opened:
        one.close()


def path(person):
    """The pair of candidates that media takes."""
    return wait_until(lambda: person.page.evaluate(PATH), f"{person.name} has a path")[0]


def call(people, server, room, **options):
    """Two people in the closed network see each other move."""
    ada = people(server, "ada").join(room, **options).publish()
    bob = people(server, "bob").join(room, **options).publish()
    ada.sees("bob", count=10)
    bob.sees("ada", count=10)
    return ada, bob


def test_a_network_without_udp_has_a_call_over_tcp(network, people, start_server):
    server = start_server(kind=lambda *options, **settings: OutsideServer(network, *options, **settings))
    network.let(NO_UDP)
    for one in call(people, server, "no-udp"):
        taken = path(one)
        assert taken["protocol"] == taken["remoteProtocol"] == "tcp", taken
        assert (taken["kind"], taken["address"]) == ("host", CLIENT) or taken["kind"] == "prflx", taken
        first = one.wait("connectionStateChanged", to="connected")
        assert one.moves() == ["connecting:joinRequested", "connected:joined"]
    remark(f"without UDP: {taken}")
