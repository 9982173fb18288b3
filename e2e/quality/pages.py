"""Those who take part in a measured call: a page each, behind a network each."""

import contextlib
import json
import pathlib
import re

from harness.browser import Participant, wait_until
from harness.server import ImpairedNetwork, Server
from quality.scenarios import LEG

SCRIPT = (pathlib.Path(__file__).parent / "client.js").read_text()
# The most the camera may send: bits a second.
RATE_MAX = 1_500_000


def options(settings):
    """Settings as options of the impairment proxy."""
    return [word for name, value in {**LEG, **settings}.items() for word in (f"--{name}", str(value))]


class Page:
    """An empty page of the server's origin that runs `client.js`."""

    def __init__(self, browser, server, port=None):
        self.server = server
        self.participant = Participant(browser, port)
        self.page = self.participant.page
        self.page.goto(server.url + "/healthz")
        self.page.add_script_tag(content=SCRIPT)

    def call(self, function, *arguments):
        return self.page.evaluate(
            f"(arguments) => window.quality.{function}(...arguments)", list(arguments)
        )

    def join(self, name, **more):
        return {"url": self.server.url, "room": "quality", "participant": name, **more}

    def sample(self):
        return self.call("sample")

    def wait_for_pictures(self, seconds=20):
        """Until pictures are shown."""

        def look():
            return self.sample()["shown"] >= 3

        try:
            wait_until(look, "pictures", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; page said {self.participant.messages[-8:]}") from None


class Network:
    """The impairment proxy before one participant, with its counters while it runs."""

    def __init__(self, port, settings, seed, direction):
        # Which of the proxy's directions media takes.
        self.direction = direction
        self.proxy = ImpairedNetwork(port, *options(settings), seed=seed)
        self.proxy.start()
        self.port = self.proxy.port

    def set(self, name, value=""):
        self.proxy.set(name, value)

    def report(self):
        """The counters so far; peaks are those since the last report."""
        self.proxy.set("report")
        return json.loads(self.proxy.process.stdout.readline())

    def stop(self):
        self.proxy.stop()


@contextlib.contextmanager
def server_call(browser, scenario, seed, viewers=1):
    """A publisher and viewers over the real server: (publisher, [viewer], its network, [theirs])."""
    with contextlib.ExitStack() as stack:
        server = Server().start()
        stack.callback(server.stop)

        def enter(settings, number):
            direction = "up" if number == 0 else "down"
            network = Network(server.udp_port, settings, seed * 16 + number, direction)
            stack.callback(network.stop)
            page = Page(browser, server, network.port)
            stack.callback(page.participant.close)
            return page, network

        # Only the first viewer's leg is the bad one.
        publisher, network = enter(scenario.publisher, 0)
        watching = [enter(scenario.viewer if n == 0 else {}, n + 1) for n in range(viewers)]
        join = publisher.join("publisher", simulcast=scenario.simulcast)
        publisher.call("publish", join, RATE_MAX, seed)
        if scenario.kind != "join":
            for number, (viewer, _) in enumerate(watching):
                viewer.call("enter", viewer.join(f"viewer{number}"))
            for viewer, _ in watching:
                viewer.wait_for_pictures()
        yield publisher, [one for one, _ in watching], network, [one for _, one in watching]


@contextlib.contextmanager
def direct_call(browser, scenario, seed):
    """The same from browser to browser, through one proxy that stands for both legs."""
    with contextlib.ExitStack() as stack:
        server = Server().start()
        stack.callback(server.stop)
        pages = [Page(browser, server) for _ in range(2)]
        for page in pages:
            stack.callback(page.participant.close)
        publisher, viewer = pages
        offer = publisher.call("offer", RATE_MAX, seed)
        answer = viewer.call("answer", without_candidates(offer))
        candidates = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", answer)
        port = next(int(port) for address, port in candidates if address == "127.0.0.1")
        network = Network(port, scenario.direct, seed * 16, "up")
        stack.callback(network.stop)
        candidate = f"a=candidate:1 1 udp 2130706431 127.0.0.1 {network.port} typ host"
        sections = re.split(r"(?=^m=)", without_candidates(answer), flags=re.MULTILINE)
        publisher.call("accept", sections[0] + "".join(part + candidate + "\r\n" for part in sections[1:]))
        viewer.wait_for_pictures()
        yield publisher, [viewer], network, [network]


def without_candidates(description):
    """A description that names no address: the other side learns it from checks."""
    lines = description.split("\r\n")
    named = ("a=candidate:", "a=end-of-candidates")
    return "\r\n".join(line for line in lines if not line.startswith(named))
