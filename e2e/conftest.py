"""Fixtures: a server, a browser, participants, a lossy network; everything is stopped after its test."""

import pytest
from playwright.sync_api import sync_playwright

from harness.browser import Participant, launch
from harness.closed_network import OutsideServer
from harness.example import Example
from harness.figures import MEASURED
from harness.media_tool import MediaTool
from harness.person import Person
from harness.server import ImpairedNetwork, Server
from harness.signal_proxy import SignalProxy


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as instance:
        yield instance


@pytest.fixture(scope="session")
def browser(playwright):
    instance = launch(playwright)
    yield instance
    instance.close()


@pytest.fixture
def start_server():
    """Starts a server with options; it is ended after the test and must not have crashed."""
    servers = []

    def start(*options, kind=Server, **settings):
        server = kind(*options, **settings).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        crashed = not server.is_running() and server.process.returncode not in (0, -15, -9)
        server.stop()
        assert not crashed, f"the server ended by itself:\n{server.output()}"


@pytest.fixture
def outside_server(network, start_server):
    """Starts a server outside of the test's `network`, as `start_server` does."""

    def start(*options, **settings):
        return start_server(
            *options, kind=lambda *given, **more: OutsideServer(network, *given, **more), **settings
        )

    return start


@pytest.fixture
def server(start_server):
    return start_server()


@pytest.fixture
def impaired():
    """Starts the impairment proxy before a server."""
    networks = []

    def start(server, *options, **settings):
        network = ImpairedNetwork(server.udp_port, *options, **settings).start()
        networks.append(network)
        return network

    yield start
    for network in networks:
        if network.process.poll() is None:
            print("impairment:", network.stop())


@pytest.fixture
def media_tool():
    """Starts `martlet-media`; whatever still runs is ended after the test."""
    started = []

    def start(server, verb, room, *options, **settings):
        started.append(MediaTool(server, verb, room, *options, **settings))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def example():
    """Starts a program of `Examples/`; whatever still runs is ended after the test."""
    started = []

    def start(server, name, room, *options):
        started.append(Example(server, name, room, *options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def participant(browser):
    """Opens pages; their contexts are closed after the test."""
    opened = []

    def open_page(url=None, proxy_port=None, **options):
        one = Participant(browser, proxy_port, **options)
        opened.append(one)
        return one.open(url) if url else one

    yield open_page
    for one in opened:
        one.close()


@pytest.fixture
def person(browser):
    """Opens pages with a room of the SDK in each; their contexts are closed after the test."""
    opened = []

    def open_page(server, name, **links):
        one = Person(browser, server, name, **links)
        opened.append(one)
        return one

    yield open_page
    for one in opened:
        one.close()


@pytest.fixture
def signal_proxy():
    """Starts proxies between one client's WebSocket and a server."""
    proxies = []

    def start(server):
        proxy = SignalProxy(server.http_port).start()
        proxies.append(proxy)
        return proxy

    yield start
    for proxy in proxies:
        proxy.stop()


def pytest_sessionfinish(session):
    """Where several processes share the tests, hands this one's figures to the one that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = MEASURED


class GatheredFigures:
    """Takes the figures of the other processes."""

    def pytest_testnodedown(self, node, error):
        MEASURED.extend(getattr(node, "workeroutput", {}).get("figures", []))


def pytest_configure(config):
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(GatheredFigures())


def pytest_terminal_summary(terminalreporter):
    if MEASURED:
        terminalreporter.section("figures")
        for line in MEASURED:
            terminalreporter.line(line)
