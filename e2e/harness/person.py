"""Somebody in a room by the SDK alone, in a page without anything else; all it is told is kept."""

import os
import pathlib
import time

from harness.browser import Participant, wait_until

SCRIPT = (pathlib.Path(__file__).parent / "session_client.js").read_text()
CAMERA = "room.publishTrack(sessions.canvas(), 'camera')"


class Person:
    """One page with one room in it."""

    def __init__(self, browser, server, name, signal=None, media=None):
        self.server = server
        self.name = name
        # Where its WebSocket goes: the server itself, or a proxy before it.
        self.url = (signal or server).url
        self.participant = Participant(browser, media.port if media else None)
        self.page = self.participant.page
        self.page.goto(server.url + "/healthz")
        self.page.add_script_tag(content=SCRIPT)
        self.page.evaluate("sessions.load()")

    def run(self, script, argument=None):
        """The value of an expression with `room`, `sessions` and `argument` in it."""
        return self.page.evaluate(f"async (argument) => {script}", argument)

    def attempt(self, script, argument=None):
        """The same of something that may be refused: its value, or the code of the error."""
        return self.run(f"sessions.attempt(async () => {script})", argument)

    def refused(self, script, argument=None):
        """The code with which something is refused."""
        outcome = self.attempt(script, argument)
        assert "code" in outcome, f"{self.name}: {script} was not refused: {outcome}"
        return outcome["code"]

    def options(self, room, options):
        given = {"url": self.url, "room": room, "participant": self.name, "name": self.name.title()}
        return {key: value for key, value in (given | options).items() if value is not None}

    def join(self, room, **options):
        """Joins; an option that is None is left out."""
        self.run("room.join(argument)", self.options(room, options))
        return self

    def join_refused(self, room, **options):
        """The code with which joining is refused."""
        return self.refused("room.join(argument)", self.options(room, options))

    def publish(self, *scripts):
        """Publishes a camera of its own, or what is said."""
        for script in scripts or [CAMERA]:
            self.run(f"{{ await {script}; }}")
        return self

    # What it was told.

    def mark(self):
        """A place in what it was told, to begin from later."""
        return self.run("sessions.log.length")

    def events(self, since=0, *names):
        log = self.run("sessions.log.slice(argument)", since)
        return [event for event in log if not names or event["name"] in names]

    def moves(self, since=0):
        """Where the connection went and why."""
        return [
            f"{event['to']}:{event['reason']}"
            for event in self.events(since, "connectionStateChanged")
        ]

    def moved(self, since, *expected):
        """Insists on where the connection went and why; each expectation is one of some ways.

        On a machine that does not get to a page for seconds links are silent as well: such breaks, all of which
        end well, are passed over there, and nowhere else.
        """
        moves = self.moves(since)
        if os.getloadavg()[0] > 3 * os.cpu_count():
            for lost in ("reconnecting:mediaLost", "reconnecting:signalLost"):
                while moves not in expected and [lost, "connected:resumed"] in (moves[:2], moves[-2:]):
                    moves = moves[2:] if moves[:2] == [lost, "connected:resumed"] else moves[:-2]
        assert moves in expected, f"{self.name} went {moves}, not {expected}"
        return moves

    def told_of(self, who, since=0):
        """What it was told of somebody's coming and going."""
        told = []
        for event in self.events(since):
            kind = event["name"].removeprefix("participant")
            if kind in ("Joined", "Left", "Interrupted", "Resumed") and event["participant"] == who:
                told.append(f"left:{event['reason']}" if kind == "Left" else kind.lower())
        return told

    def wait(self, name, since=0, seconds=15, **fields):
        """The first such event, which may have come already."""
        found = self.run(
            "sessions.wait(...argument)", [name, fields, since, int(seconds * 1000)]
        )
        if found is None:
            noisy = ("audioLevels", "networkQuality", "activeSpeakersChanged", "subscribeStateChanged")
            told = [event for event in self.events(since) if event["name"] not in noisy]
            raise AssertionError(
                f"{self.name} was not told {name} {fields} within {seconds} s; told {told[-30:]}, "
                f"state {self.state()}, page said {self.participant.messages[-8:]}"
            )
        return found

    def wait_state(self, to, reason, since=0, seconds=15, **fields):
        return self.wait("connectionStateChanged", since, seconds, to=to, reason=reason, **fields)

    def state(self):
        return self.run("sessions.state()")

    # What it sees and sends.

    def pictures(self, who, source="camera"):
        """When new pictures of somebody had been decoded, and how many: [(seconds of Unix time, count)]."""
        key = f"{who}/{source}"
        return [(at / 1000, count) for at, count in self.run("sessions.pictures[argument] ?? []", key)]

    def sees(self, who, since=None, source="camera", seconds=20, count=3):
        """Waits until pictures of somebody move, and gives the seconds from `since` to the first of them."""
        since = time.time() if since is None else since

        def look():
            later = [one for one in self.pictures(who, source) if one[0] > since]
            return later[0][0] - since if sum(number for _, number in later) >= count else None

        try:
            return wait_until(look, "pictures", seconds)[0]
        except AssertionError:
            raise AssertionError(
                f"{self.name} sees no pictures of {who} within {seconds} s; {self.state()}, told {self.events()[-20:]}, "
                f"page said {self.participant.messages[-8:]}"
            ) from None

    def longest_gap(self, who, begin, end, source="camera"):
        """The longest time without a new picture between two moments, and how many came."""
        came = [one for one in self.pictures(who, source) if begin <= one[0] <= end]
        moments = [begin, *(at for at, _ in came), end]
        return max(b - a for a, b in zip(moments, moments[1:])), sum(count for _, count in came)

    def sent(self, seconds):
        """Packets of each kind that leave within that time."""
        before = self.run("sessions.sent()")
        time.sleep(seconds)
        after = self.run("sessions.sent()")
        return {kind: after[kind] - before[kind] for kind in after}

    def close(self):
        self.participant.close()
