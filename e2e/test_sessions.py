"""Coming, going, rights, data and sound of real browsers in the real server's rooms, judged by both sides."""

import contextlib
import time

import pytest

from harness.backend import KEY, Backend, token
from harness.browser import wait_until
from harness.figures import remark
from harness.person import CAMERA, Person
from harness.server import Server

MICROPHONE = "room.publishTrack(await sessions.tone(0.2), 'microphone')"
SCREEN = "room.publishTrack(sessions.canvas(320, 180, 10), 'screen')"


@pytest.fixture(scope="module")
def guarded():
    """A server in which everybody needs a token; each test has a room of its own there."""
    server = Server("--key", KEY, dev=False).start()
    yield server
    assert server.is_running(), server.output()
    server.stop()


@pytest.fixture
def join(person, guarded):
    """Brings somebody into a room by a token of the backend."""

    def enter(name, room, seconds=600, options=None, **grants):
        bearer = token(name, room, seconds, **grants)
        return person(guarded, name).join(room, token=bearer, **(options or {}))

    return enter


# Tokens that end: begun before everything else of this file, since they take half a minute, and judged last.


@pytest.fixture(scope="module", autouse=True)
def ending(browser, guarded):
    """Two whose tokens last 33 s, of whom one renews it, and one who watches."""
    with contextlib.ExitStack() as stack:
        people = {}
        for name in ["watcher", "ending", "renewing"]:
            people[name] = Person(browser, guarded, name)
            stack.callback(people[name].close)
        people["watcher"].join("tokens", token=token("watcher", "tokens", 300))
        for name in ["ending", "renewing"]:
            one = people[name]
            one.run(
                "{ room.on('tokenWillExpire', () => room.renewToken(argument), { once: true }); }"
                if name == "renewing"
                else "0",
                token(name, "tokens", 900),
            )
            one.expires = int(time.time()) + 33
            one.join("tokens", token=token(name, "tokens", 33))
        people["renewing"].publish()
        yield people


# Joining and leaving


def test_C01_C07_C12_C13_C18_C26_joining(person, guarded):
    backend = Backend(guarded)
    bob = person(guarded, "bob").join("joining", token=token("bob", "joining"))
    ada = person(guarded, "ada")
    assert backend.ask("GET", "/v1/rooms/nowhere")[0] == 404
    assert ada.run("[room.localParticipant ?? null, room.info ?? null]") == [None, None]
    ada.join("joining", token=token("ada", "joining"), participant=None, metadata='{"team":4}')
    joined = bob.wait("participantJoined", participant="ada")
    assert joined["metadata"] == '{"team":4}'
    assert bob.state()["others"]["ada"]["metadata"] == '{"team":4}'
    assert ada.state()["others"]["bob"]["name"] == "Bob"
    info = ada.run("({ ...room.info, joinedAt: room.info.joinedAt.getTime() / 1000 })")
    assert (info["name"], info["profile"], info["participant"]) == ("joining", "communication", "ada")
    assert info["id"].startswith("RM_") and abs(info["joinedAt"] - time.time()) < 10
    assert info["resumeSeconds"] == 30
    assert ada.run("room.localParticipant.id") == "ada"
    # Nobody made that room: it came into being with its first member.
    assert backend.ask("GET", "/v1/rooms/joining")[1]["participants"] == 2
    # Each has one connection; media flows once it is there.
    ada.publish()
    bob.sees("ada")


def test_C06_T07_who_names_no_id_gets_one(server, person):
    anna, otto = person(server, "anna"), person(server, "otto")
    for one in (anna, otto):
        one.join("open", participant=None)
    ids = [one.run("room.localParticipant.id") for one in (anna, otto)]
    assert all(ids) and ids[0] != ids[1]
    assert list(anna.state()["others"]) == [ids[1]]
    # One that cannot be an id is refused before anything is done.
    assert person(server, "long").join_refused("open", participant="x" * 65) == 1007
    assert person(server, "bad").join_refused("open", participant="ä") == 1007


def test_B01_B02_B03_B13_B15_B19_B20_C03_C08_C09_C17_C19_C20_C22_C24_Z03_Z04_Z08_one_whole_stay(
    join, person, guarded
):
    bob = join("bob", "stay")
    ada = person(guarded, "ada")
    assert ada.run("[room.connectionState, room.connectionReason]") == ["disconnected", "notJoined"]
    # What cannot be meant is refused before anything happens.
    assert ada.join_refused("stay", reconnectWindowSeconds=10) == 1004
    ada.join("stay", token=token("ada", "stay"))
    # A second join is refused, and changes nothing.
    assert ada.join_refused("stay", token=token("ada", "stay")) == 1005
    assert ada.state()["state"] == "connected"
    ada.publish("room.publishCamera({ width: 160, height: 120 })")
    bob.sees("ada")
    ada.run("{ window.camera = room.localTrack('camera').mediaStreamTrack; }")
    mark = bob.mark()
    ada.run("Promise.all([room.leave(), room.leave()])")
    ada.run("room.leave()")
    assert ada.moves() == [
        *("connecting:joinRequested", "connected:joined", "leaving:left", "disconnected:left"),
    ]
    # Leaving stops publishing, and closes the camera and the connection.
    assert ada.run("camera.readyState") == "ended" and ada.state()["own"] == []
    assert ada.run("testConnections.map((one) => one.connectionState)") == ["closed"]
    bob.wait("participantLeft", participant="ada")
    assert [one["source"] for one in bob.events(mark, "trackUnpublished")] == ["camera"]
    assert bob.told_of("ada") == ["joined", "left:left"]
    mark = bob.mark()
    ada.join("stay", token=token("ada", "stay"))
    bob.wait("participantJoined", mark, participant="ada")


def test_B25_C04_C21_C28_C29_T01_why_joining_failed(person, guarded, server):
    ada = person(guarded, "ada")
    for code, reason, options in [
        (2000, "tokenRequired", {}),
        (2004, "tokenInvalid", {"token": token("ada", "fail", secret="x" * 32)}),
        (2005, "tokenExpired", {"token": token("ada", "fail", seconds=-20)}),
        (2007, "tokenInvalid", {"token": token("ada", "another")}),
        (6000, "linkFailed", {"url": "http://127.0.0.1:9"}),
    ]:
        mark = ada.mark()
        assert ada.join_refused("fail", **options) == code
        assert ada.moves(mark) == ["connecting:joinRequested", f"disconnected:{reason}"]
        assert ada.events(mark, "connectionStateChanged")[-1]["error"] == code
    ada.join("fail", token=token("ada", "fail"))


def test_C14_a_room_that_all_have_left_closes_after_ten_seconds(join, guarded):
    backend = Backend(guarded)
    ada = join("ada", "brief")
    first = ada.run("room.info.id")
    ada.run("room.leave()")
    left = time.time()
    wait_until(
        lambda: "brief" not in [one["name"] for one in backend.ask("GET", "/v1/rooms")[1]["rooms"]],
        "the room is closed", 15,
    )
    assert 9.5 < time.time() - left < 13
    remark(f"an empty room closed after {time.time() - left:.1f} s")
    ada.join("brief", token=token("ada", "brief"))
    assert ada.run("room.info.id") != first, "it is another room of the same name"


# Sent away


def test_V03_V04_V05_E19_B17_B26_who_is_kicked_is_out_and_a_ban_keeps_it_out(join, guarded):
    backend = Backend(guarded)
    ada, bob, cy = join("ada", "kick").publish(), join("bob", "kick"), join("cy", "kick")
    bob.sees("ada")
    marks = {one: one.mark() for one in (ada, bob, cy)}
    assert backend.ask("DELETE", "/v1/rooms/kick/participants/ada?ban=4")[0] == 204
    ada.wait_state("disconnected", "kicked", marks[ada])
    for one in (bob, cy):
        one.wait("participantLeft", marks[one], participant="ada", reason="kicked")
        # Only the kicked one is told of it as of its own connection.
        assert one.moves(marks[one]) == [] and one.told_of("ada", marks[one]) == ["left:kicked"]
    assert ada.moves(marks[ada]) == ["disconnected:kicked"]
    assert ada.run("room.remoteParticipants.size") == 0
    # It does not come back by itself, and may not before its time.
    mark = ada.mark()
    refused = ada.attempt("room.join(argument)", ada.options("kick", {"token": token("ada", "kick")}))
    assert refused["code"] == 3009 and 0 < refused["retryAfter"] <= 4000
    assert ada.moves(mark) == ["connecting:joinRequested", "disconnected:permissionDenied"]
    time.sleep(refused["retryAfter"] / 1000 + 0.05)
    ada.join("kick", token=token("ada", "kick")).publish()
    bob.sees("ada")


@pytest.mark.parametrize("reason", ["kicked", "roomClosed", "duplicateIdentity"])
def test_V05_who_is_sent_away_while_its_link_is_broken_learns_it_on_coming_back(
    person, guarded, join, signal_proxy, reason
):
    proxy, backend, room = signal_proxy(guarded), Backend(guarded), f"away-{reason}"
    ada = person(guarded, "ada", signal=proxy).join(room, token=token("ada", room))
    bob = join("bob", room)
    mark = ada.mark()
    proxy.cut(for_good=True)
    ada.wait_state("reconnecting", "signalLost", mark)
    bob.wait("participantInterrupted", participant="ada")
    if reason == "kicked":
        assert backend.ask("DELETE", f"/v1/rooms/{room}/participants/ada")[0] == 204
    elif reason == "roomClosed":
        assert backend.ask("DELETE", f"/v1/rooms/{room}")[0] == 204
    else:
        join("ada", room)
    if reason == "roomClosed":
        bob.wait_state("disconnected", "roomClosed")
    else:
        bob.wait("participantLeft", participant="ada", reason=reason)
    if reason == "duplicateIdentity":
        bob.wait("participantJoined", participant="ada")
    proxy.resume()
    ada.wait_state("disconnected", reason, mark)
    assert ada.moves(mark) == ["reconnecting:signalLost", f"disconnected:{reason}"]
    told = {
        "kicked": ["interrupted", "left:kicked"],
        "roomClosed": ["interrupted"],
        "duplicateIdentity": ["interrupted", "left:duplicateIdentity", "joined"],
    }
    assert bob.told_of("ada") == told[reason]


def test_an_admin_in_the_room_sends_away_and_others_may_not(join):
    ada, bob = join("ada", "moderated", admin=True), join("bob", "moderated")
    assert bob.refused("room.removeParticipant('ada')") == 2009
    assert ada.refused("room.removeParticipant('nobody')") == 3003
    marks = ada.mark(), bob.mark()
    ada.run("room.removeParticipant('bob', { banSeconds: 3600 })")
    bob.wait_state("disconnected", "kicked", marks[1])
    ada.wait("participantLeft", marks[0], participant="bob", reason="kicked")
    assert bob.join_refused("moderated", token=token("bob", "moderated")) == 3009
    assert ada.moves(marks[0]) == []
    # And changes them.
    cy = join("cy", "moderated").publish()
    ada.sees("cy")
    ada.run("room.changeParticipant('cy', { name: 'Cyrus', grants: { publish: false } })")
    cy.wait("localParticipantUpdated")
    cy.wait("localTrackUnpublished", reason="notPermitted")
    ada.wait("participantUpdated", participant="cy")
    ada.wait("trackUnpublished", participant="cy")
    assert ada.state()["others"]["cy"]["name"] == "Cyrus"
    assert cy.refused("room.changeParticipant('ada', { name: 'x' })") == 2009


def test_V01_V02_D13_D14_E07_an_agreed_message_makes_the_chosen_one_leave(join):
    ada, bob, cy = join("ada", "agreed"), join("bob", "agreed"), join("cy", "agreed")
    bob.run("{ room.on('messageReceived', ({ content }) => content === 'please go' && room.leave()); }")
    sent = ada.run("room.sendMessage({ id: 'm-1', to: ['bob', 'dee'], content: 'please go' })")
    assert sent == {"id": "m-1", "unreachable": ["dee"]}
    bob.wait_state("disconnected", "left")
    ada.wait("participantLeft", participant="bob", reason="left")
    ada.run("room.sendMessage({ content: 'we go on' })")
    cy.wait("messageReceived", content="we go on", participantID="ada", toAll=True)
    assert [one["id"] for one in bob.events(0, "messageReceived")] == ["m-1"]
    assert len(cy.events(0, "messageReceived")) == 1, "what was for Bob is for Bob"


def test_V06_E20_B16_closing_a_room_ends_the_call_for_all(join, guarded):
    people = [join("ada", "closing").publish(), join("bob", "closing")]
    people[1].sees("ada")
    marks = [one.mark() for one in people]
    assert Backend(guarded).ask("DELETE", "/v1/rooms/closing")[0] == 204
    for one, mark in zip(people, marks):
        one.wait_state("disconnected", "roomClosed", mark)
        assert one.moves(mark) == ["disconnected:roomClosed"]
    # It is not opened again by those who were in it.
    time.sleep(1)
    assert Backend(guarded).ask("GET", "/v1/rooms/closing")[0] == 404


def test_C30_who_joins_with_the_same_id_takes_the_place(join):
    old, bob = join("ada", "twice").publish(), join("bob", "twice").publish()
    bob.sees("ada")
    marks = old.mark(), bob.mark()
    new = join("ada", "twice").publish()
    old.wait_state("disconnected", "duplicateIdentity", marks[0])
    began = time.time()
    bob.sees("ada", began)
    new.sees("bob", began)
    assert old.moves(marks[0]) == ["disconnected:duplicateIdentity"]
    assert bob.told_of("ada", marks[1]) == ["left:duplicateIdentity", "joined"]
    # The newest wins for good: the old one does not come back by itself.
    time.sleep(1)
    assert new.moves() == ["connecting:joinRequested", "connected:joined"]


# Roles and rights


@pytest.mark.parametrize("how", ["itself", "backend"])
def test_R05_R06_E08_E14_E15_a_host_becomes_audience_and_host_again(join, guarded, how):
    room, options = f"show by {how}", {"profile": "broadcast", "role": "host"}
    ada = join("ada", room, options=options).publish(CAMERA, MICROPHONE)
    bob = join("bob", room, options=options).publish()
    cy = join("cy", room, options={"role": "audience"})
    for one in (bob, cy):
        one.sees("ada")
    ada.sees("bob")
    backend = Backend(guarded)

    def become(role):
        marks = {one: one.mark() for one in (ada, bob, cy)}
        if how == "itself":
            ada.run("room.setRole(argument)", role)
        else:
            path = f"/v1/rooms/{room.replace(' ', '%20')}/participants/ada"
            assert backend.ask("PATCH", path, {"role": role})[0] == 200
        ada.wait("roleChanged", marks[ada], role=role)
        return marks

    tracks = {one["source"]: one["id"] for one in ada.state()["own"]}
    marks = become("audience")
    for one in (bob, cy):
        one.wait("participantLeft", marks[one], participant="ada", reason="becameAudience")
    nothing = {"audio": 0, "video": 0}
    wait_until(lambda: ada.sent(0.5) == nothing, "sending stops by itself", 3)
    ada.sees("bob")
    assert ada.refused(SCREEN) == 2009
    assert ada.moves(marks[ada]) == []
    marks = become("host")
    began = time.time()
    for one in (bob, cy):
        one.wait("participantJoined", marks[one], participant="ada")
        back = one.state()["others"]["ada"]["tracks"]
        assert {track["source"]: track["id"] for track in back} == tracks
    seen = bob.sees("ada", began)
    cy.sees("ada", began)
    remark(f"audience to host by {how}: pictures move {seen:.2f} s later at others")
    sent = ada.sent(0.5)
    assert sent["audio"] > 5 and sent["video"] > 2, sent
    assert bob.told_of("ada")[-2:] == ["left:becameAudience", "joined"]


def test_R01_R02_R03_R04_R08_D11_C27_audience_receives_only_and_is_not_seen(join):
    options = {"profile": "broadcast", "role": "host"}
    ada = join("ada", "stage", options=options).publish()
    cy = join("cy", "stage", options={"role": "audience", "publish": ["camera", "microphone"]})
    cy.sees("ada")
    assert ada.told_of("cy") == [] and ada.state()["others"] == {}
    assert cy.refused(CAMERA) == 2009
    assert cy.refused("room.openDataStream()") == 2009
    assert cy.state()["own"] == [] and cy.sent(0.3) == {"audio": 0, "video": 0}
    # The profile is that of whoever came first.
    assert cy.refused("room.join(argument)", cy.options("stage", {})) == 1005
    dee = join("dee", "stage")
    assert dee.run("[room.info.profile, room.localParticipant.role]") == ["broadcast", "audience"]
    eve = join("eve", "stage", options={"role": "host"})
    ada.wait("participantJoined", participant="eve")
    assert ada.told_of("eve") == ["joined"] and eve.moves()[-1] == "connected:joined"
    cy.run("room.setRole('host')")
    ada.wait("participantJoined", participant="cy")
    # What was to be published on joining is, now that it may be.
    cy.wait("localTrackPublished", source="camera")
    ada.sees("cy")


def test_grants_change_while_one_is_in_the_room(join, guarded):
    ada = join("ada", "grants").publish(CAMERA, MICROPHONE)
    bob = join("bob", "grants").publish()
    bob.sees("ada")
    ada.sees("bob")
    backend, path = Backend(guarded), "/v1/rooms/grants/participants/ada"

    def grant(**grants):
        marks = ada.mark(), bob.mark()
        assert backend.ask("PATCH", path, {"grants": grants})[0] == 200
        told = ada.wait("permissionsChanged", marks[0])["grants"]
        assert {key: told[key] for key in grants} == grants
        return marks

    marks = grant(publish=["microphone"])
    ada.wait("localTrackUnpublished", marks[0], source="camera", reason="notPermitted")
    bob.wait("trackUnpublished", marks[1], source="camera")
    wait_until(lambda: ada.sent(0.5)["video"] == 0, "the camera sends nothing any more", 3)
    assert ada.sent(0.5)["audio"] > 5
    assert ada.refused(CAMERA) == 2009
    grant(publish=True)
    began = time.time()
    ada.publish()
    bob.sees("ada", began)

    grant(subscribe=False)
    ada.wait("trackStopped", participant="bob")
    time.sleep(0.5)
    began = time.time()
    time.sleep(1)
    assert ada.longest_gap("bob", began, time.time())[1] == 0, "nothing is received any more"
    grant(subscribe=True)
    ada.sees("bob", time.time())

    grant(data=False)
    assert ada.refused("room.sendMessage({ content: 'x' })") == 2009
    assert ada.refused("room.openDataStream()") == 2009
    grant(data=True)
    ada.run("room.sendMessage({ content: 'again' })")
    bob.wait("messageReceived", content="again")

    marks = grant(hidden=True)
    bob.wait("participantLeft", marks[1], participant="ada")
    marks = grant(hidden=False)
    began = time.time()
    bob.wait("participantJoined", marks[1], participant="ada")
    bob.sees("ada", began)
    assert ada.moves() == ["connecting:joinRequested", "connected:joined"]


# Tracks


def test_P01_P02_P03_P04_E09_E10_E11_publishing_and_subscribing(join):
    ada, bob = join("ada", "tracks"), join("bob", "tracks")
    ada.publish(CAMERA, MICROPHONE)
    for source in ["camera", "microphone"]:
        bob.wait("trackPublished", participant="ada", source=source)
        bob.wait("trackSubscribed", participant="ada", source=source)
    bob.sees("ada")
    bob.run("room.unsubscribe('ada', 'camera')")
    bob.wait("subscribeStateChanged", source="camera", to="unsubscribed")
    time.sleep(0.5)
    began = time.time()
    time.sleep(1)
    assert bob.longest_gap("ada", began, time.time())[1] == 0, "nothing more is received"
    mark = bob.mark()
    bob.run("room.subscribe('ada', 'camera')")
    began = time.time()
    bob.sees("ada", began)
    bob.wait("trackSubscribed", mark, source="camera")
    ada.run("room.unpublish(room.localTrack('microphone'))")
    bob.wait("trackUnpublished", participant="ada", source="microphone")
    assert [one["source"] for one in bob.state()["others"]["ada"]["tracks"]] == ["camera"]
    # Each was subscribed as often as it was asked for.
    subscribed = [one["source"] for one in bob.events(0, "trackSubscribed")]
    assert sorted(subscribed) == ["camera", "camera", "microphone"]
    assert bob.moves() == ["connecting:joinRequested", "connected:joined"]


def test_P06_P07_P08_R10_publishing_by_itself(join, person, guarded):
    bob = join("bob", "automatic")
    ada = person(guarded, "ada")
    bearer = token("ada", "automatic")
    ada.run("room.setPublishing('microphone', false)")
    ada.join("automatic", token=bearer, publish=["microphone", "camera"])
    bob.wait("trackPublished", participant="ada", source="camera")
    bob.sees("ada")
    # The choice before joining went before the option.
    assert [one["source"] for one in ada.state()["own"]] == ["camera"]
    ada.run("room.setPublishing('microphone', true)")
    bob.wait("trackPublished", participant="ada", source="microphone")
    ada.run("room.setPublishing('camera', false)")
    bob.wait("trackUnpublished", participant="ada", source="camera")
    # Chromium goes on for 2.5 s with the padding that several sizes may need.
    wait_until(lambda: ada.sent(0.5)["video"] == 0, "the camera sends nothing any more", 8)
    # It holds for the next join too.
    ada.run("room.leave()")
    mark = bob.mark()
    ada.join("automatic", token=bearer, publish=["camera"])
    ada.wait("localTrackPublished", ada.mark() - 3, source="microphone")
    bob.wait("trackPublished", mark, participant="ada", source="microphone")
    assert [one["source"] for one in ada.state()["own"]] == ["microphone"]


def test_P10_P11_P12_P13_subscribing_by_itself_and_by_hand(join):
    ada = join("ada", "choices").publish(CAMERA, MICROPHONE, SCREEN)
    people = {
        auto: join(name, "choices", options={"autoSubscribe": auto})
        for name, auto in [("all", True), ("none", False), ("ears", "audio"), ("eyes", "video")]
    }

    def states(one):
        return {
            track["source"]: track["subscribeState"] for track in one.state()["others"]["ada"]["tracks"]
        }

    def receives(auto, *sources):
        one = people[auto]
        everything = ["camera", "microphone", "screen"]
        wanted = {
            source: "subscribed" if source in sources else "unsubscribed" for source in everything
        }
        wait_until(lambda: states(one) == wanted, f"{one.name} receives {sources}: {states(one)}")
        began = time.time()
        for source in {"camera", "screen"} & set(sources):
            one.sees("ada", began, source=source)
        for source in {"camera", "screen"} - set(sources):
            assert one.longest_gap("ada", began, time.time(), source=source)[1] == 0

    receives(True, "camera", "microphone", "screen")
    receives(False)
    receives("audio", "microphone")
    receives("video", "camera", "screen")
    people[False].run("room.subscribe('ada', 'audio')")
    receives(False, "microphone")
    people[False].run("room.subscribe('ada', ['screen'])")
    receives(False, "microphone", "screen")
    people[False].run("room.unsubscribe('ada', 'audio')")
    receives(False, "screen")
    # A choice holds for what is published later too.
    ada.run("room.unpublish(room.localTrack('screen'))")
    ada.publish(SCREEN)
    receives(False, "screen")


def test_S03_S04_one_of_a_room_comes_first(join):
    def priorities(one):
        return one.run(
            "Object.fromEntries([room.localParticipant, ...room.remoteParticipants.values()]"
            ".map((one) => [one.id, one.priority]))"
        )

    ada = join("ada", "first", options={"priority": "high"})
    bob = join("bob", "first", options={"priority": "high"})
    assert priorities(bob) == {"ada": "high", "bob": "normal"}
    cy = join("cy", "first", options={"priority": "high", "preempt": True})
    assert priorities(cy) == {"ada": "normal", "bob": "normal", "cy": "high"}
    ada.wait("localParticipantUpdated")
    bob.wait("participantUpdated", participant="ada")
    cy.run("room.leave()")
    bob.wait("participantLeft", participant="cy")
    assert priorities(bob) == {"ada": "normal", "bob": "normal"} == priorities(ada)


def test_P14_P15_states_of_publishing_and_subscribing(join):
    ada, bob = join("ada", "states"), join("bob", "states")
    ada.publish(CAMERA, MICROPHONE)
    bob.wait("subscribeStateChanged", source="camera", to="subscribed")
    bob.wait("subscribeStateChanged", source="microphone", to="subscribed")
    for source in ["camera", "microphone"]:
        steps = [one for one in ada.events(0, "publishStateChanged") if one["source"] == source]
        assert [(one["from"], one["to"]) for one in steps] in (
            [("idle", "publishing"), ("publishing", "published")],
            [("unpublished", "publishing"), ("publishing", "published")],
        )
        steps = [one for one in bob.events(0, "subscribeStateChanged") if one["source"] == source]
        assert [(one["from"], one["to"]) for one in steps] == [
            *(("idle", "subscribing"), ("subscribing", "subscribed")),
        ]


def test_P17_E16_E17_E18_each_kind_is_muted_by_itself(join):
    ada, bob = join("ada", "mutes"), join("bob", "mutes")
    ada.publish(CAMERA, MICROPHONE, SCREEN)
    bob.sees("ada")
    bob.sees("ada", source="screen")
    for source in ["microphone", "camera", "screen"]:
        others = {"camera", "screen"} - {source}
        for muted in [True, False]:
            mark = bob.mark()
            verb = "mute" if muted else "unmute"
            ada.run(f"room.{verb}(room.localTrack(argument))", source)
            began = time.time()
            bob.wait("trackMuted", mark, participant="ada", source=source, muted=muted)
            told = bob.events(mark, "trackMuted")
            assert [(one["source"], one["muted"]) for one in told] == [(source, muted)]
            tracks = bob.state()["others"]["ada"]["tracks"]
            assert [one["source"] for one in tracks if one["isMuted"]] == ([source] if muted else [])
            for other in others:
                bob.sees("ada", began, source=other)
            if source != "microphone" and muted:
                settled = time.time()
                time.sleep(0.6)
                late = bob.longest_gap("ada", settled + 0.3, time.time(), source=source)[1]
                assert late == 0, f"a muted {source} shows nothing"
            elif source != "microphone":
                bob.sees("ada", began, source=source)


def test_P18_P20_E21_E25_a_track_that_ends_is_unpublished_and_all_are_told(join):
    ada, bob = join("ada", "ends"), join("bob", "ends")
    ada.publish(CAMERA, SCREEN, "room.publishMicrophone()")
    for source in ["camera", "screen", "microphone"]:
        bob.wait("trackPublished", source=source)
    # Browsers tell the end of a share, or of a device, by `ended`; stop() alone would tell nothing.
    for source, reason in [
        ("screen", "sharingStopped"), ("microphone", "deviceLost"), ("camera", "trackEnded"),
    ]:
        ada.run(
            """{
              const media = room.localTrack(argument).mediaStreamTrack;
              media.stop();
              media.dispatchEvent(new Event('ended'));
            }""",
            source,
        )
        ended = ada.wait("localTrackEnded", source=source, reason=reason)
        assert ended["kind"] == ("audio" if source == "microphone" else "video")
        ada.wait("localTrackUnpublished", source=source, reason="ended")
        bob.wait("trackUnpublished", participant="ada", source=source)
    assert ada.state()["own"] == [] and bob.state()["others"]["ada"]["tracks"] == []
    # The place is free again.
    began = time.time()
    ada.publish()
    bob.sees("ada", began)


def test_K03_K04_E12_E13_levels_and_the_loudest(join):
    loud = join("loud", "levels").publish("room.publishTrack(await sessions.tone(0.5), 'microphone')")
    soft = join("soft", "levels").publish("room.publishTrack(await sessions.tone(0.05), 'microphone')")
    beeps = join("beeps", "levels").publish("room.publishMicrophone()")
    cy = join("cy", "levels")

    def mute(one, is_muted):
        verb = "mute" if is_muted else "unmute"
        one.run(f"room.{verb}(room.localTrack('microphone'))")
        cy.wait("trackMuted", participant=one.name, muted=is_muted)

    def level(who):
        for event in reversed(cy.events(0, "audioLevels")):
            for one in event["levels"]:
                if one["participant"] == who:
                    return one["dBFS"]
        return None

    mute(beeps, True)
    cy.wait("activeSpeakerChanged", participant="loud")
    # A sine of half the scale is 9 dB below it, one of a twentieth 29 dB.
    wait_until(lambda: abs((level("loud") or -99) + 9) <= 3, "the loud one's level", 10)
    wait_until(lambda: abs((level("soft") or -99) + 29) <= 4, "the soft one's level", 10)
    mark = cy.mark()
    mute(loud, True)
    cy.wait("activeSpeakerChanged", mark, participant="soft")
    mark = cy.mark()
    mute(soft, True)
    cy.wait("activeSpeakerChanged", mark, participant=None)
    mark = cy.mark()
    mute(beeps, False)
    cy.wait("activeSpeakerChanged", mark, participant="beeps")
    assert cy.run("room.remoteParticipants.get('loud').dBFS") == -127
    # One's own level is among them.
    assert beeps.wait("audioLevels", beeps.mark())
    wait_until(
        lambda: any(
            one["participant"] == "beeps"
            for event in beeps.events(0, "audioLevels")
            for one in event["levels"]
        ),
        "one's own level",
    )


# Data


def test_D01_D02_D05_D07_D09_D10_D12_D16_D18_E04_streams_and_their_limits(join):
    ada, bob, cy = join("ada", "data"), join("bob", "data"), join("cy", "data")
    for number in range(5):
        ada.run("{ (window.streams ??= []).push(await room.openDataStream()); }")
    assert ada.refused("room.openDataStream()") == 7000
    ids = ada.run("streams.map((one) => one.id)")
    assert len(set(ids)) == 5
    bob.run("{ window.streams = [await room.openDataStream()]; }")
    for number, stream in enumerate(ids):
        ada.run("streams[argument].send(`hello ${argument}`, { userTimestamp: argument })", number)
        for one in (bob, cy):
            one.wait(
                "dataReceived", participantID="ada", stream=stream, data=f"hello {number}",
                userTimestamp=number,
            )
    assert ada.events(0, "dataReceived") == [], "nobody gets his own"
    ada.run("streams[0].send('x'.repeat(1024))")
    bob.wait("dataReceived", data="x" * 1024)
    assert ada.refused("streams[0].send('x'.repeat(1025))") == 7002
    ada.run("streams[0].close()")
    assert ada.refused("streams[0].send('late')") == 7001
    # A place is free again.
    ada.run("{ streams[0] = await room.openDataStream(); }")
    ada.run("streams[0].send('on a new one')")
    cy.wait("dataReceived", data="on a new one")
    # Each half of it may be left out.
    deaf = join("deaf", "data", options={"data": {"subscribe": False}})
    assert join("dumb", "data", options={"data": {"publish": False}}).refused("room.openDataStream()") == 2009
    cy_mark = cy.mark()
    ada.run("streams[0].send('the last')")
    cy.wait("dataReceived", cy_mark, data="the last")
    ada.run("room.sendMessage({ content: 'the very last' })")
    deaf.wait("messageReceived", content="the very last")
    assert deaf.events(0, "dataReceived") == []


def test_D06_D08_send_waits_and_try_send_does_not(join):
    ada, bob = join("ada", "rates"), join("bob", "rates")
    # Packets of one stream leave one after the other, so that three streams are faster.
    ada.run("{ window.streams = []; for (let n = 0; n < 3; n += 1) streams.push(await room.openDataStream()); }")
    took, outcomes = ada.run(
        """(async () => {
          const began = performance.now();
          const outcomes = await Promise.all(Array.from({ length: 75 }, (_, n) =>
            sessions.attempt(() => streams[n % 3].trySend(`try ${n}`))));
          return [(performance.now() - began) / 1000, outcomes];
        })()"""
    )
    refused = [one for one in outcomes if "code" in one]
    taken = [f"try {number}" for number, one in enumerate(outcomes) if "code" not in one]
    assert 30 <= len(taken) <= 31 + 30 * took and {one["code"] for one in refused} <= {7003}
    assert refused or took > 1.4, "75 packets are more than may leave"
    assert all(0 < one["retryAfter"] <= 1000 for one in refused)
    wait_until(lambda: len(bob.events(0, "dataReceived")) == len(taken), "what was taken arrives")
    came = [one["data"] for one in bob.events(0, "dataReceived")]
    for stream in range(3):
        own = [one for one in taken if int(one[4:]) % 3 == stream]
        assert [one for one in came if int(one[4:]) % 3 == stream] == own
    ada.run("{ window.stream = streams[0]; }")
    # 60 packets at 30 a second: those beyond what may come at once wait for their turn.
    time.sleep(1.2)
    took = ada.run(
        """(async () => {
          const began = performance.now();
          await Promise.all(Array.from({ length: 60 }, (_, n) => stream.send(`send ${n}`)));
          return performance.now() - began;
        })()"""
    )
    assert 900 < took < 8000, took
    bob.wait("dataReceived", data="send 59")
    sent = [one["data"] for one in bob.events(0, "dataReceived") if one["data"].startswith("send")]
    assert sent == [f"send {number}" for number in range(60)]
    # 6 KiB a second, and as much at once: the seventh packet of 1 KiB waits.
    time.sleep(1.2)
    took = ada.run(
        """(async () => {
          const began = performance.now();
          for (let n = 0; n < 12; n += 1) await stream.send(`${n}`.padEnd(1024));
          return performance.now() - began;
        })()"""
    )
    assert 800 < took < 8000, took
    remark(f"12 packets of 1 KiB left in {took:.0f} ms at 6 KiB a second")


# The end of a token: judged last, begun first.


def test_T05_a_token_renewed_in_place_lets_the_session_go_on(ending):
    renewing, watcher = ending["renewing"], ending["watcher"]
    warned = renewing.wait("tokenWillExpire", seconds=20)
    assert abs(warned["deadline"] - warned["at"] / 1000 - 30) < 2 and 29 <= warned["secondsLeft"] <= 31
    # The other's end is behind both by then.
    ending["ending"].wait_state("disconnected", "tokenExpired", seconds=50)
    wait_until(lambda: time.time() > renewing.expires + 1, "the former end", 5)
    watcher.sees("renewing", time.time())
    assert renewing.moves() == ["connecting:joinRequested", "connected:joined"]
    assert watcher.told_of("renewing") == ["joined"]
    began = watcher.pictures("renewing")[0][0]
    gap, frames = watcher.longest_gap("renewing", began + 1, time.time())
    assert gap < 3 and frames > 100
    # The end of the new token is far away.
    assert len(renewing.events(0, "tokenWillExpire")) == 1


def test_T06_E03_who_renews_nothing_is_warned_30_s_ahead_and_out_at_the_end(ending):
    one, watcher = ending["ending"], ending["watcher"]
    warned = one.wait("tokenWillExpire", seconds=20)
    assert warned["deadline"] == pytest.approx(one.expires, abs=1)
    assert abs(warned["deadline"] - warned["at"] / 1000 - 30) < 2
    over = one.wait_state("disconnected", "tokenExpired", seconds=50)
    assert abs(over["at"] / 1000 - warned["deadline"]) < 2, "not the tolerance of joining later"
    assert one.moves()[-1:] == ["disconnected:tokenExpired"] and len(one.moves()) == 3
    watcher.wait("participantLeft", participant="ending", reason="tokenExpired")
    assert watcher.told_of("ending") == ["joined", "left:tokenExpired"]
    remark(
        f"token: warned {warned['deadline'] - warned['at'] / 1000:.1f} s ahead, out "
        f"{over['at'] / 1000 - warned['deadline']:+.2f} s from its end"
    )


def test_T05_each_token_is_warned_of_and_one_for_something_else_renews_nothing(join):
    ada = join("ada", "renewed", seconds=20)
    first = ada.wait("tokenWillExpire")
    mark = ada.mark()
    assert ada.refused("room.renewToken(argument)", token("ada", "elsewhere")) == 2007
    assert ada.refused("room.renewToken(argument)", token("bob", "renewed")) == 2008
    assert ada.refused("room.renewToken(argument)", token("ada", "renewed", secret="x" * 32)) == 2004
    ada.run("room.renewToken(argument)", token("ada", "renewed", 25, data=False))
    assert ada.wait("tokenWillExpire", mark)["deadline"] >= first["deadline"] + 5
    # Its grants hold from then on.
    assert ada.wait("permissionsChanged", mark)["grants"]["data"] is False
    assert ada.refused("room.sendMessage({ content: 'x' })") == 2009


def test_T06_a_token_just_past_its_end_lets_in_for_the_rest_of_its_tolerance(
    join, person, guarded, signal_proxy
):
    proxy = signal_proxy(guarded)
    bob, late = join("bob", "late"), join("late", "late", seconds=-6)
    warned = late.wait("tokenWillExpire")
    assert warned["secondsLeft"] <= 4
    # Another one's link is broken when it ends.
    away = person(guarded, "away", signal=proxy).join("late", token=token("away", "late", -6))
    mark, began = away.mark(), time.time()
    proxy.cut(for_good=True)
    late.wait_state("disconnected", "tokenExpired", seconds=10)
    bob.wait("participantLeft", participant="away", reason="tokenExpired")
    assert time.time() - began < 8
    proxy.resume()
    away.wait_state("disconnected", "tokenExpired", mark)
    assert [one for one in away.moves() if "Expired" not in one][-1] == "reconnecting:signalLost"
    assert bob.told_of("away") == ["joined", "interrupted", "left:tokenExpired"]


def test_K01_K02_only_the_loudest_is_heard_unless_all_are_asked_for(guarded, join):
    Backend(guarded).ask("POST", "/v1/rooms", {"name": "ranked", "audioRanking": 1})
    join("soft", "ranked").publish("room.publishTrack(await sessions.tone(0.05), 'microphone')")
    loud = join("loud", "ranked").publish("room.publishTrack(await sessions.tone(0.5), 'microphone')")
    ear = join("ear", "ranked")
    everything = join("everything", "ranked", options={"audioRanking": False})

    def heard(one):
        return one.run(
            "[...room.remoteParticipants.values()].filter((other) => [...other.tracks.values()]"
            ".some((track) => track.subscribeState === 'subscribed')).map((other) => other.id).sort()"
        )

    # The soft one was first, and is heard until the loud one has been.
    wait_until(lambda: heard(ear) == ["loud"], "the loudest alone", 15)
    wait_until(lambda: heard(everything) == ["loud", "soft"], "everybody", 15)
    loud.run("room.mute(room.localTrack('microphone'))")
    wait_until(lambda: heard(ear) == ["soft"], "the next loudest", 15)
    assert heard(everything) == ["loud", "soft"]
