"""A page with no SDK in it: the browser's own peer connections over WHIP, WHEP and the signalling socket."""

import pathlib

from harness.browser import Participant, wait_until

SCRIPT = (pathlib.Path(__file__).parent / "bare_client.js").read_text()


class BarePage:
    """A page of the server's origin that runs `bare_client.js`. Sessions in it go by names the test chooses."""

    def __init__(self, browser, server, proxy_port=None):
        self.server = server
        self.participant = Participant(browser, proxy_port)
        self.page = self.participant.page
        self.visit(server.url)

    def visit(self, origin):
        """Opens an empty page of an origin and loads the client into it."""
        self.page.goto(origin + "/healthz")
        self.page.add_script_tag(content=SCRIPT)

    def call(self, function, *arguments):
        return self.page.evaluate(
            f"(arguments) => window.bare.{function}(...arguments)", list(arguments)
        )

    def publish(self, name, path, **options):
        return self.call("publish", name, path, options)

    def play(self, name, path, **options):
        return self.call("play", name, path, options)

    def join(self, name, room, participant=None, **options):
        return self.call("join", name, room, participant or name, options)

    def look(self, name):
        return self.call("look", name)

    def wait(self, name, condition, what, seconds=15):
        """Waits until what `look` gives fulfils a condition, and returns it."""
        last = {}

        def check():
            last["seen"] = self.look(name)
            return condition(last["seen"])

        try:
            wait_until(check, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; {name}: {last.get('seen')}") from None
        return last["seen"]

    def wait_for_call(self, name, streams=1, size=None, seconds=15):
        """Waits until a session decodes that many pictures of that size, and hears as many sounds."""

        def flows(seen):
            pictures = [
                one
                for one in seen["video"]
                if one["frames"] >= 5 and size in (None, (one["width"], one["height"]))
            ]
            sounds = [one for one in seen["audio"] if one["energy"] > 0]
            return len(pictures) >= streams and len(sounds) >= streams

        return self.wait(name, flows, f"{streams} pictures of size {size} with sound", seconds)

    def close(self):
        self.participant.close()


def kinds(participant):
    """The kinds that somebody publishes, from what a member of the room was told."""
    return sorted(track["kind"] for track in participant["tracks"])
