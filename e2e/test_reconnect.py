"""Links break between real browsers and the real server, and sessions survive: judged by both sides and by pictures."""

import contextlib
import random
import signal
import time

import pytest

from harness.backend import KEY, token
from harness.browser import wait_until
from harness.figures import remark
from harness.person import CAMERA, Person
from harness.server import ImpairedNetwork, Server
from harness.signal_proxy import SignalProxy

MICROPHONE = "room.publishTrack(await sessions.tone(0.2), 'microphone')"


def settle(*people):
    """Packets are known to come regularly only after a while; silence is noticed within 3 s from then on."""
    time.sleep(4)
    for one in people:
        one.moved(0, ["connecting:joinRequested", "connected:joined"])


def call(person, server, room, **links):
    """Ada, whose links may be given, and Bob, who watches: each sees the other move."""
    ada = person(server, "ada", **links).join(room).publish()
    bob = person(server, "bob").join(room).publish()
    ada.sees("bob")
    bob.sees("ada")
    settle(ada, bob)
    return ada, bob


def seen_again(fault, ada, bob, ended):
    """Notes how long after the end of a fault pictures move, at the other side and at oneself."""
    there, here = bob.sees("ada", ended), ada.sees("bob", ended)
    remark(f"{fault}: pictures move {there:.2f} s after its end at the other, {here:.2f} s at oneself")
    return there, here


def never_stopped(one, who, began, ended):
    """Pictures went on all the time: how many came."""
    gap, frames = one.longest_gap(who, began, ended)
    assert gap < 1.5 and frames > 4 * (ended - began), f"{who} stood still for {gap:.2f} s; {frames}"
    return frames


# One link


def test_B14_B21_B22_E22_signalling_breaks_and_media_never_stops(server, person, signal_proxy):
    proxy = signal_proxy(server)
    ada, bob = call(person, server, "signal", signal=proxy)
    marks, began = (ada.mark(), bob.mark()), time.time()
    proxy.cut(for_good=True)
    ada.wait_state("reconnecting", "signalLost", marks[0], lostLink="signal")
    bob.wait("participantInterrupted", marks[1], participant="ada")
    # Every verb may be called meanwhile, and is done when the link is back.
    ada.run("{ window.muting = sessions.attempt(() => room.mute(room.localTrack('camera'))); }")
    time.sleep(2)
    never_stopped(ada, "bob", began, time.time() - 0.2)
    # Muting holds at once; what the others are told of it waits.
    assert bob.events(marks[1], "trackMuted") == []
    ada.run("{ window.unmuting = sessions.attempt(() => room.unmute(room.localTrack('camera'))); }")
    proxy.resume()
    ended = time.time()
    back = ada.wait_state("connected", "resumed", marks[0])
    bob.wait("participantResumed", marks[1], participant="ada")
    assert ada.run("Promise.all([muting, unmuting])") == [{"value": None}] * 2
    bob.wait("trackMuted", marks[1], muted=False)
    never_stopped(ada, "bob", began, time.time())
    bob.sees("ada", ended)
    ada.moved(marks[0], ["reconnecting:signalLost", "connected:resumed"])
    assert bob.told_of("ada", marks[1]) == ["interrupted", "resumed"]
    assert [one["muted"] for one in bob.events(marks[1], "trackMuted")] == [True, False]
    bob.moved(marks[1], [])
    assert ada.participant.negotiations() == 1
    remark(f"signalling cut: resumed {back['at'] / 1000 - ended:.2f} s after its end")


def test_B14_a_signalling_connection_that_is_reset_is_resumed_at_once(server, person, signal_proxy):
    proxy = signal_proxy(server)
    ada, bob = call(person, server, "reset", signal=proxy)
    times = []
    for _ in range(3):
        marks, began = (ada.mark(), bob.mark()), time.time()
        proxy.cut()
        back = ada.wait_state("connected", "resumed", marks[0])
        times.append(back["at"] / 1000 - began)
        ada.moved(marks[0], ["reconnecting:signalLost", "connected:resumed"])
        # Who is back before the server has noticed was never away for the others.
        ada.run("room.sendMessage({ content: 'back' })")
        bob.wait("messageReceived", marks[1])
        assert bob.told_of("ada", marks[1]) in ([], ["interrupted", "resumed"])
        # Sessions are resumed once a second, after ten at once.
        never_stopped(bob, "ada", began - 1, time.time())
        never_stopped(ada, "bob", began - 1, time.time())
    remark(f"signalling reset: resumed {max(times):.2f} s later at worst of {len(times)}")


def test_B23_media_alone_goes_dark(server, person, impaired):
    network = impaired(server)
    ada, bob = call(person, server, "media", media=network)
    marks, began = (ada.mark(), bob.mark()), time.time()
    network.set("blackout-for-s", 5)
    lost = ada.wait_state("reconnecting", "mediaLost", marks[0], lostLink="media")
    ended = began + 5
    time.sleep(max(0, ended - time.time()))
    back = ada.wait_state("connected", "resumed", marks[0])
    seen_again("media dark for 5 s", ada, bob, ended)
    ada.moved(marks[0], ["reconnecting:mediaLost", "connected:resumed"])
    # What is shorter than the 7 s after which the server knows of it is told to nobody.
    assert bob.told_of("ada", marks[1]) in ([], ["interrupted", "resumed"])
    bob.moved(marks[1], [])
    remark(
        f"media dark: noticed {lost['at'] / 1000 - began:.2f} s after its beginning, resumed "
        f"{back['at'] / 1000 - ended:.2f} s after its end"
    )


def test_every_client_gets_another_address(server, person, impaired):
    network = impaired(server)
    ada = person(server, "ada", media=network).join("rebind").publish()
    bob = person(server, "bob", media=network).join("rebind").publish()
    ada.sees("bob")
    bob.sees("ada")
    settle(ada, bob)
    gaps = []
    for _ in range(3):
        marks, began = (ada.mark(), bob.mark()), time.time()
        network.set("rebind")
        time.sleep(0.3)
        for one, who in ((bob, "ada"), (ada, "bob")):
            one.sees(who, began + 0.3)
        time.sleep(1)
        for one, mark, who in ((ada, marks[0], "bob"), (bob, marks[1], "ada")):
            gap, _ = one.longest_gap(who, began, time.time())
            gaps.append(gap)
            remark(f"new addresses for all: {one.name} misses pictures of {who} for {gap:.2f} s")
            assert "left:timeout" not in one.told_of(who, mark) and "joined" not in one.told_of(who, mark)
            one.moved(mark, [], ["reconnecting:mediaLost", "connected:resumed"])
            assert one.state()["state"] == "connected"
    # Their packets themselves tell of the new address; checks of the browser would take up to 2.6 s. Both ends of
    # both ways change at once here, and pictures are looked for each 100 ms.
    assert sorted(gaps)[len(gaps) // 2] < 1.0, gaps


def test_B21_the_browser_tells_of_another_network(server, person):
    ada, bob = call(person, server, "online")
    marks, began = (ada.mark(), bob.mark()), time.time()
    # Links to this very machine go on while there is no network.
    ada.run("{ dispatchEvent(new Event('offline')); }")
    assert ada.moves(marks[0]) == []
    ada.run("{ dispatchEvent(new Event('online')); }")
    ada.wait_state("reconnecting", "networkChanged", marks[0])
    back = ada.wait_state("connected", "resumed", marks[0])
    seen_again("network changed", ada, bob, began)
    ada.moved(marks[0], ["reconnecting:networkChanged", "connected:resumed"])
    assert bob.told_of("ada", marks[1]) in ([], ["interrupted", "resumed"])
    never_stopped(bob, "ada", began - 1, time.time())
    remark(f"network changed: resumed {back['at'] / 1000 - began:.2f} s later")


# Both links


@pytest.mark.parametrize("reason", ["networkChanged", "signalLost"])
def test_B14_B21_another_network_with_another_address(server, person, signal_proxy, impaired, reason):
    proxy, network = signal_proxy(server), impaired(server)
    ada, bob = call(person, server, "handover", signal=proxy, media=network)
    marks, began = (ada.mark(), bob.mark()), time.time()
    # As a phone that leaves one network for another, which its browser tells or not.
    network.set("rebind")
    negotiations = ada.participant.negotiations()
    if reason == "networkChanged":
        ada.run("{ dispatchEvent(new Event('offline')); dispatchEvent(new Event('online')); }")
    else:
        proxy.cut()
    back = ada.wait_state("connected", "resumed", marks[0])
    seen_again(f"another network ({reason})", ada, bob, began + 0.2)
    ada.moved(marks[0], [f"reconnecting:{reason}", "connected:resumed"])
    if reason == "networkChanged":
        # New ways to the server are looked for at once, whatever still came the old way.
        assert ada.participant.negotiations() == negotiations + 1
    # Who is back before the server has noticed was never away for the others.
    assert bob.told_of("ada", marks[1]) in ([], ["interrupted", "resumed"])
    assert bob.run("room.remoteParticipants.get('ada').isInterrupted") is False
    gaps = [one.longest_gap(who, began, time.time())[0] for one, who in ((bob, "ada"), (ada, "bob"))]
    remark(
        f"another network ({reason}): resumed {back['at'] / 1000 - began:.2f} s later, without pictures for "
        f"{gaps[0]:.2f} s at the other, {gaps[1]:.2f} s at oneself"
    )


def test_a_storm_of_breaks_loses_and_repeats_nothing(server, person, signal_proxy):
    chance = random.Random(7)
    proxy = signal_proxy(server)
    ada = person(server, "ada", signal=proxy).join("storm").publish()
    bob = person(server, "bob").join("storm").publish()
    ada.sees("bob")
    bob.sees("ada")
    for one in (ada, bob):
        one.run(
            """{
              const stream = await room.openDataStream();
              window.outcome = sessions.attempt(async () => {
                for (let n = 0; n < 150; n += 1) await stream.send(`${n}`);
              });
            }"""
        )
    mark, began = ada.mark(), time.time()
    for number in range(12):
        time.sleep(chance.uniform(0.02, 0.5))
        if number % 4 == 3:
            proxy.hold()
            time.sleep(chance.uniform(0.1, 2))
            proxy.resume()
        else:
            proxy.cut()
    for one, other in ((ada, "bob"), (bob, "ada")):
        one.wait("dataReceived", participantID=other, data="149", seconds=30)
        came = [event["data"] for event in one.events(0, "dataReceived")]
        assert came == [str(number) for number in range(150)]
        assert one.run("outcome") == {"value": None}
    never_stopped(bob, "ada", began, time.time())
    assert set(ada.moves(mark)) == {"reconnecting:signalLost", "connected:resumed"}
    assert "left" not in " ".join(bob.told_of("ada"))
    wait_until(lambda: ada.state()["state"] == "connected", "the end of the last break")


def test_B04_B09_B10_B21_B28_both_links_go_dark_for_five_seconds(
    server, person, signal_proxy, impaired
):
    proxy, network = signal_proxy(server), impaired(server)
    ada, bob = call(person, server, "dark", signal=proxy, media=network)
    everything = (
        "{ window.sent = [];"
        "  const send = (n) => {"
        "    if (n < argument) setTimeout(send, 350, n + 1);"
        "    sent.push(sessions.attempt(() => room.sendMessage({ content: `${n}` })));"
        "  };"
        "  send(1); }"
    )
    marks, began = (ada.mark(), bob.mark()), time.time()
    # Both talk on all the time: before, during and after the darkness, and never more than may be said at once.
    for one in (ada, bob):
        one.run(everything, 24)
    proxy.hold()
    network.set("blackout-for-s", 5)
    gone = bob.wait("participantInterrupted", marks[1], participant="ada")
    ended = began + 5
    time.sleep(max(0, ended - time.time()))
    proxy.resume()
    back = ada.wait("connectionStateChanged", marks[0], 20, to="connected")
    bob.wait("participantResumed", marks[1], participant="ada")
    seen_again("both links dark for 5 s", ada, bob, ended)
    # Which of them is missed first is chance.
    moves = ada.moved(
        marks[0],
        ["reconnecting:signalLost", "connected:resumed"],
        ["reconnecting:mediaLost", "connected:resumed"],
    )
    assert bob.told_of("ada", marks[1]) == ["interrupted", "resumed"]
    bob.moved(marks[1], [])
    for one, other, mark in ((ada, bob, marks[1]), (bob, ada, marks[0])):
        assert [out for out in one.run("Promise.all(sent)") if "code" in out] == []
        other.wait("messageReceived", mark, content="24")
        came = [event["content"] for event in other.events(mark, "messageReceived")]
        assert came == [str(number) for number in range(1, 25)], "exactly once and in order"
    remark(
        f"both links dark for 5 s: others told {gone['at'] / 1000 - began:.2f} s after its beginning, "
        f"{moves[0]}, resumed {back['at'] / 1000 - ended:.2f} s after its end"
    )


def test_a_burst_of_packets_arrives_once_across_a_cut(server, person, signal_proxy):
    proxy = signal_proxy(server)
    ada = person(server, "ada", signal=proxy).join("burst")
    bob = person(server, "bob").join("burst")
    ada.run(
        """{
          const stream = await room.openDataStream();
          // Three quarters of a second apart at most: 64 packets may wait.
          window.burst = (async () => {
            let refused = 0;
            for (let n = 0; n < 200; n += 8) {
              const part = Array.from({ length: 8 }, (_, k) => stream.send(`packet ${n + k}`));
              refused += (await Promise.allSettled(part)).filter((one) => one.status === 'rejected').length;
            }
            return refused;
          })();
        }"""
    )
    mark = ada.mark()
    for number in (60, 100, 140):
        bob.wait("dataReceived", data=f"packet {number}", seconds=20)
        proxy.cut()
    assert ada.run("burst") == 0
    bob.wait("dataReceived", data="packet 199")
    came = [one["data"] for one in bob.events(0, "dataReceived")]
    assert came == [f"packet {number}" for number in range(200)]
    ada.moved(mark, ["reconnecting:signalLost", "connected:resumed"] * 3)
    assert "left" not in " ".join(bob.told_of("ada"))
    # And the way to the one whose connection breaks.
    bob.run("{ window.stream = await room.openDataStream(); }")
    mark = ada.mark()
    bob.run("{ window.burst = Promise.all(Array.from({ length: 60 }, (_, n) => stream.send(`back ${n}`))); }")
    ada.wait("dataReceived", mark, data="back 20")
    proxy.cut()
    ada.wait("dataReceived", mark, data="back 59")
    came = [one["data"] for one in ada.events(mark, "dataReceived")]
    assert came == [f"back {number}" for number in range(60)]
    ada.moved(mark, ["reconnecting:signalLost", "connected:resumed"])


# Long breaks: several at the same time, each in a room of its own, judged one by one.


class Break:
    """One whose links go dark for a while, and one who watches."""

    def __init__(self, stack, browser, server, room, media=True, signals=True, **options):
        self.room = room
        self.proxy = self.network = None
        if signals:
            self.proxy = SignalProxy(server.http_port).start()
            stack.callback(self.proxy.stop)
        if media:
            self.network = ImpairedNetwork(server.udp_port).start()
            stack.callback(self.network.stop)
        self.ada = Person(browser, server, "ada", signal=self.proxy, media=self.network)
        stack.callback(self.ada.close)
        self.bob = Person(browser, server, "bob")
        stack.callback(self.bob.close)
        self.ada.join(room, **options).publish()
        self.bob.join(room).publish()

    def begin(self, seconds):
        self.marks = self.ada.mark(), self.bob.mark()
        self.began, self.ended = time.time(), time.time() + seconds
        if self.network:
            self.network.set("blackout-for-s", seconds)
        if self.proxy:
            self.proxy.hold()

    def end(self):
        if self.proxy:
            self.proxy.resume()
        self.ended = time.time()


@pytest.fixture(scope="module")
def breaks(browser):
    """All of them, while they last."""
    with contextlib.ExitStack() as stack:
        server = Server().start()
        stack.callback(server.stop)
        made = {
            "signal for 20 s": Break(stack, browser, server, "twenty", media=False),
            "both for 40 s": Break(stack, browser, server, "forty"),
            "media for 40 s": Break(stack, browser, server, "silent", signals=False),
            "both, and a window of 30 s": Break(
                stack, browser, server, "window", reconnectWindowSeconds=30
            ),
        }
        for one in made.values():
            one.ada.sees("bob")
            one.bob.sees("ada")
        settle(*(one.ada for one in made.values()))
        for what, one in made.items():
            one.begin(20 if what.startswith("signal") else 40)
        asked = made["both for 40 s"].ada
        asked.wait("connectionStateChanged", to="reconnecting")
        # Every verb may be called meanwhile.
        asked.run(
            """{
              window.asked = [
                sessions.attempt(() => room.sendMessage({ content: 'lost' })),
                sessions.attempt(async () => room.publishTrack(await sessions.tone(0.2), 'microphone')),
              ];
            }"""
        )
        for what, one in made.items():
            time.sleep(max(0, one.ended - time.time()))
            one.end()
        yield made


def test_B21_signalling_comes_back_after_20_s_and_media_never_stopped(breaks):
    one = breaks["signal for 20 s"]
    back = one.ada.wait_state("connected", "resumed", one.marks[0])
    one.ada.moved(one.marks[0], ["reconnecting:signalLost", "connected:resumed"])
    one.bob.wait("participantResumed", one.marks[1], participant="ada")
    assert one.bob.told_of("ada", one.marks[1]) == ["interrupted", "resumed"]
    frames = never_stopped(one.bob, "ada", one.began, one.ended)
    never_stopped(one.ada, "bob", one.began, one.ended)
    attempts = [event["attempt"] for event in one.ada.events(one.marks[0], "reconnectAttempt")]
    assert attempts == list(range(1, len(attempts) + 1)) and len(attempts) >= 3
    remark(
        f"signalling dark for 20 s: {frames} pictures came meanwhile, {len(attempts)} tries, resumed "
        f"{back['at'] / 1000 - one.ended:.2f} s after its end"
    )


def test_B28_C16_E14_E27_N08_who_is_dark_for_40_s_has_left_and_comes_again(breaks):
    one = breaks["both for 40 s"]
    back = one.ada.wait_state("connected", "restarted", one.marks[0], 20)
    one.ada.moved(
        one.marks[0],
        ["reconnecting:signalLost", "connected:restarted"],
        ["reconnecting:mediaLost", "connected:restarted"],
    )
    one.bob.wait("participantJoined", one.marks[1], participant="ada")
    assert one.bob.told_of("ada", one.marks[1]) == ["interrupted", "left:timeout", "joined"]
    left = one.bob.wait("participantLeft", one.marks[1], participant="ada", reason="timeout")
    after = left["at"] / 1000 - one.began
    # Counted from the last word, which came up to a second before.
    assert 28.5 < after < 37
    seen_again("both links dark for 40 s", one.ada, one.bob, one.ended)
    # The one who came again found Bob where he was.
    assert one.ada.told_of("bob", one.marks[0]) == []
    one.bob.moved(one.marks[1], [])
    assert one.ada.state()["me"] == "ada"
    # What was asked of the session that is over is not known; what was to be published is.
    assert one.ada.run("asked[0]")["code"] == 6001 and "value" in one.ada.run("asked[1]")
    one.bob.wait("trackPublished", one.marks[1], participant="ada", source="microphone")
    assert one.bob.events(one.marks[1], "messageReceived") == []
    # How good its network is was told, as nothing while it was dark.
    def grades():
        return [
            (quality["up"], quality["down"])
            for event in one.bob.events(one.marks[1], "networkQuality")
            for quality in event["qualities"]
            if quality["participant"] == "ada"
        ]

    assert grades()[0] == ("down", "down")
    wait_until(lambda: "down" not in grades()[-1], "its network is well again")
    remark(
        f"both links dark for 40 s: left {after:.1f} s after its beginning, restarted "
        f"{back['at'] / 1000 - one.ended:.2f} s after its end"
    )


def test_C16_B23_media_that_is_dark_for_40_s_ends_the_session(breaks):
    one = breaks["media for 40 s"]
    left = one.bob.wait("participantLeft", one.marks[1], participant="ada", reason="timeout")
    one.bob.wait("participantJoined", one.marks[1], participant="ada")
    told = one.bob.told_of("ada", one.marks[1])
    assert told[:3] == ["interrupted", "left:timeout", "joined"]
    assert set(told[3:]) <= {"interrupted", "resumed"}
    seen_again("media dark for 40 s", one.ada, one.bob, one.ended)
    moves = one.ada.moves(one.marks[0])
    assert moves[:2] == ["reconnecting:mediaLost", "connected:restarted"]
    assert set(moves[2:]) <= {"reconnecting:mediaLost", "connected:resumed", "connected:restarted"}
    wait_until(lambda: one.ada.state()["state"] == "connected", "the end of it")
    remark(f"media dark for 40 s: left {left['at'] / 1000 - one.began:.1f} s after its beginning; {moves}")


def test_B05_B07_B18_B27_after_its_window_it_gives_up(breaks):
    one = breaks["both, and a window of 30 s"]
    over = one.ada.wait_state("disconnected", "reconnectTimedOut", one.marks[0])
    one.ada.moved(
        one.marks[0],
        ["reconnecting:signalLost", "disconnected:reconnectTimedOut"],
        ["reconnecting:mediaLost", "disconnected:reconnectTimedOut"],
    )
    lost = one.ada.events(one.marks[0], "connectionStateChanged")[0]
    assert 29.5 < (over["at"] - lost["at"]) / 1000 < 32
    assert over["error"] == 6001 and one.ada.run("room.remoteParticipants.size") == 0
    assert one.ada.run("sessions.sdk().isFailure(room.connectionReason)") is True
    assert one.bob.told_of("ada", one.marks[1]) == ["interrupted", "left:timeout"]
    # No more retries: it is out until somebody joins again.
    connections = one.proxy.connections
    began = time.time()
    one.ada.join("window")
    assert one.proxy.connections == connections + 1
    one.ada.sees("bob", began)


# The server itself


@pytest.fixture
def trio(start_server, person):
    """Three people in a call at a server that needs tokens, with mutes and choices."""

    def meet(*options):
        server = start_server(*options, dev=False, environment={"MARTLET_KEYS": KEY})
        people = {}
        for name in ["ada", "bob", "cy"]:
            one = person(server, name).join("hall", token=token(name, "hall"))
            people[name] = one.publish(CAMERA, MICROPHONE)
        people["ada"].run("room.mute(room.localTrack('microphone'))")
        people["bob"].run("room.unsubscribe('cy', 'camera')")
        for one, who in (("ada", "bob"), ("ada", "cy"), ("bob", "ada"), ("cy", "ada"), ("cy", "bob")):
            people[one].sees(who)
        people["ada"].run("{ window.stream = await room.openDataStream(); }")
        settle(*people.values())
        return server, people

    return meet


def same_as_before(people, marks, since):
    """Everything is as it was before the break, and moves."""
    for name, one in people.items():
        state = one.state()
        assert state["me"] == name
        own = {track["source"]: track["isMuted"] for track in state["own"]}
        assert own == {"camera": False, "microphone": name == "ada"}
    seen = []
    for one, who in (("ada", "bob"), ("ada", "cy"), ("bob", "ada"), ("cy", "ada"), ("cy", "bob")):
        seen.append(people[one].sees(who, since))
    others = people["cy"].state()["others"]
    assert sorted(others) == ["ada", "bob"]
    muted = {track["source"]: track["isMuted"] for track in others["ada"]["tracks"]}
    assert muted == {"camera": False, "microphone": True}
    wait_until(
        lambda: {
            track["source"]: track["subscribeState"]
            for track in people["bob"].state()["others"]["cy"]["tracks"]
        }
        == {"camera": "unsubscribed", "microphone": "subscribed"},
        "Bob's choice holds",
    )
    quiet = time.time()
    time.sleep(1)
    assert people["bob"].longest_gap("cy", quiet, time.time())[1] == 0
    people["ada"].run("stream.send('still here')")
    people["bob"].wait("dataReceived", marks["bob"], data="still here", participantID="ada")
    return seen


def own_tracks(people):
    """The ids of all tracks."""
    return {track["id"] for one in people.values() for track in one.state()["own"]}


def restarted(people, marks, reason):
    """All have come back, each by one break alone."""
    times = []
    for name, one in people.items():
        back = one.wait_state("connected", "restarted", marks[name], 30)
        times.append(back["at"] / 1000)
        one.moved(marks[name], [f"reconnecting:{reason}", "connected:restarted"])
    return times


def test_B09_B14_B21_the_server_is_killed_and_started_again(trio):
    server, people = trio()
    marks = {name: one.mark() for name, one in people.items()}
    before = own_tracks(people)
    server.stop(signal.SIGKILL)
    time.sleep(1)
    server.start()
    ended = time.time()
    times = restarted(people, marks, "signalLost")
    seen = same_as_before(people, marks, ended)
    assert max(seen) < 10
    remark(
        f"server killed and started again: all back {max(times) - ended:.2f} s after it serves again, all "
        f"pictures move {max(seen):.2f} s after"
    )
    # What is left of the former room is never taken for something of the new one.
    assert not before & own_tracks(people)
    # And once more while they come back.
    for pause in (0.1, 0.4):
        server.stop(signal.SIGKILL)
        server.start()
        time.sleep(pause)
    marks = {name: one.mark() for name, one in people.items()}
    server.stop(signal.SIGKILL)
    server.start()
    ended = time.time()
    for name, one in people.items():
        one.wait_state("connected", "restarted", marks[name], 30)
    assert max(same_as_before(people, marks, ended)) < 10


def test_the_server_is_told_to_stop_and_another_takes_over(trio):
    server, people = trio()
    marks = {name: one.mark() for name, one in people.items()}
    server.stop(signal.SIGTERM)
    server.start()
    ended = time.time()
    times = restarted(people, marks, "serverMoved")
    seen = same_as_before(people, marks, ended)
    assert max(seen) < 10
    remark(
        f"server stopped and another started: all back {max(times) - ended:.2f} s after it serves, all "
        f"pictures move {max(seen):.2f} s after"
    )


def test_a_server_that_ends_for_good_says_so(start_server, person):
    server = start_server("--on-shutdown", "end")
    people = [person(server, name).join("end") for name in ("ada", "bob")]
    marks = [one.mark() for one in people]
    server.stop(signal.SIGTERM)
    for one, mark in zip(people, marks):
        one.wait_state("disconnected", "serverShutdown", mark)
    server.start()
    time.sleep(1.5)
    for one, mark in zip(people, marks):
        assert one.moves(mark) == ["disconnected:serverShutdown"], "nobody comes back by himself"
    people[0].join("end")
