"""WHIP and WHEP from a real Chromium: plain peer connections and fetch, no SDK of ours."""

import itertools
import json
import subprocess
import time

import pytest

from harness.bare import BarePage, kinds
from harness.browser import wait_until
from harness.figures import figure
from harness.server import BUILD, Server

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
SECRET = "an-end-to-end-secret-of-many-bytes"
LARGE, SMALL = (640, 360), (320, 180)
rooms = (f"whip-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def server():
    one = Server().start()
    yield one
    assert one.is_running(), one.output()
    one.stop()


@pytest.fixture(scope="module")
def strict_server():
    """A server that asks for tokens."""
    one = Server("--key", f"main={SECRET}", dev=False).start()
    yield one
    assert one.is_running(), one.output()
    one.stop()


@pytest.fixture
def room():
    return next(rooms)


@pytest.fixture
def open_page(browser, server):
    pages = []

    def open_one(at=None):
        pages.append(BarePage(browser, at or server))
        return pages[-1]

    yield open_one
    for page in pages:
        page.close()


def sized(size):
    return {"width": size[0], "height": size[1]}


def token(room, participant, *options):
    return subprocess.run(
        [
            *(BUILD / "martlet", "token", "--key", f"main={SECRET}"),
            *("--room", room, "--participant", participant, *options),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def code(body):
    return json.loads(body)["code"]


@pytest.mark.parametrize("direction", ["sendonly", "sendrecv"])
def test_what_chromium_publishes_by_whip_chromium_plays_by_whep(open_page, room, direction):
    publisher, player = open_page(), open_page()
    made = publisher.publish("camera", f"/whip/{room}", direction=direction, **sized(LARGE))
    assert made["status"] == 201
    assert f"/whip/{room}/" in made["location"] and made["etag"].startswith('"')
    answer = "recvonly" if direction == "sendonly" else "sendrecv"
    assert player.play("show", f"/whep/{room}", direction=answer)["status"] == 201
    seen = player.wait_for_call("show", size=LARGE)
    assert len(seen["video"]) == 1 and len(seen["audio"]) == 1
    figure(f"WHEP request to first frame ({direction})", seen["firstFrame"])
    player.participant.screenshot(f"whep-{direction}")


def test_where_no_udp_gets_through_media_goes_over_tcp(server, open_page, room):
    publisher, player = open_page(), open_page()
    publisher.publish("camera", f"/whip/{room}", transport="tcp", **sized(LARGE))
    player.play("show", f"/whep/{room}", transport="tcp")
    player.wait_for_call("show", size=LARGE)
    assert [publisher.call("transport", "camera"), player.call("transport", "show")] == ["tcp", "tcp"]
    before = player.look("show")["video"][0]["frames"]
    time.sleep(3)
    assert player.look("show")["video"][0]["frames"] - before > 30
    # Where both get through UDP is taken.
    both = open_page()
    both.play("show", f"/whep/{room}")
    both.wait_for_call("show", size=LARGE)
    assert both.call("transport", "show") == "udp"
    player.participant.screenshot("whep-tcp")


def test_a_room_sees_its_whip_publisher_and_a_whep_player_sees_the_room(open_page, room):
    member, whip, whep = open_page(), open_page(), open_page()
    member.join("anna", room, **sized(LARGE))
    whip.publish("obs", f"/whip/{room}?participant=obs&name=Studio%20One", **sized(SMALL))
    seen = member.wait_for_call("anna", size=SMALL)
    publisher = seen["participants"]["obs"]
    assert publisher["name"] == "Studio One"
    assert kinds(publisher) == ["audio", "video"]
    assert {track["source"] for track in publisher["tracks"]} == {"microphone", "camera"}
    assert [shown for shown in seen["slots"].values() if shown] == ["obs", "obs"]
    whep.play("show", f"/whep/{room}", sections=["audio", "video", "audio", "video"])
    shown = whep.wait_for_call("show", streams=2)
    assert sorted((one["width"], one["height"]) for one in shown["video"]) == [SMALL, LARGE]
    # Players are nobody: the room has not been told of one.
    assert set(member.look("anna")["participants"]) == {"obs"}


def test_a_player_bound_to_one_participant_sees_that_one_alone(open_page, room):
    publisher, player = open_page(), open_page()
    publisher.publish("first", f"/whip/{room}?participant=first", **sized(LARGE))
    publisher.publish("second", f"/whip/{room}?participant=second", **sized(SMALL))
    player.play("show", f"/whep/{room}/second", sections=["audio", "video"] * 2)
    seen = player.wait_for_call("show", size=SMALL)
    assert len([one for one in seen["video"] if one["packets"]]) == 1


def test_a_player_with_more_sections_than_there_are_tracks_shows_what_there_is(open_page, room):
    publisher, player = open_page(), open_page()
    publisher.publish("camera", f"/whip/{room}", **sized(SMALL))
    made = player.play("show", f"/whep/{room}", sections=["audio"] * 3 + ["video"] * 3)
    assert made["status"] == 201
    seen = player.wait_for_call("show", size=SMALL)
    # Whoever is shown is heard in the audio section of the same stream: first with first, in the order offered.
    assert [one["mid"] for one in seen["video"] if one["packets"]] == ["3"]
    assert [one["mid"] for one in seen["audio"] if one["packets"]] == ["0"]
    assert player.page.evaluate("() => window.bare.sessions.show.elements.length") == 3


def test_a_player_that_comes_before_anybody_publishes_starts_when_somebody_does(open_page, room):
    publisher, player = open_page(), open_page()
    assert player.play("show", f"/whep/{room}")["status"] == 201
    player.wait("show", lambda seen: seen["state"] == "connected", "a connected player")
    assert player.look("show")["shown"] == 0
    publisher.publish("camera", f"/whip/{room}", **sized(SMALL))
    player.wait_for_call("show", size=SMALL)


def test_a_player_that_will_not_wait_is_told_that_there_is_nothing(server, open_page, room):
    player, publisher = open_page(), open_page()
    made = player.play("none", f"/whep/{room}?wait=0")
    assert (made["status"], code(made["body"])) == (404, 3000)
    publisher.publish("camera", f"/whip/{room}?participant=ada", **sized(SMALL))
    made = player.play("nobody", f"/whep/{room}/bob?wait=0")
    assert (made["status"], code(made["body"])) == (404, 3003)
    assert player.play("somebody", f"/whep/{room}?wait=0")["status"] == 201


@pytest.mark.parametrize("how", ["DELETE", "closing"])
def test_when_the_one_shown_leaves_the_next_follows(open_page, room, how):
    publisher, player = open_page(), open_page()
    first = publisher.publish("first", f"/whip/{room}", **sized(LARGE))
    publisher.publish("second", f"/whip/{room}", **sized(SMALL))
    player.play("show", f"/whep/{room}")
    player.wait_for_call("show", size=LARGE)
    negotiations = player.participant.negotiations()
    if how == "DELETE":
        assert publisher.call("request", "DELETE", first["location"])["status"] == 200
    else:
        publisher.call("close", "first")
    _, seconds = wait_until(
        lambda: player.look("show")["video"][0]["width"] == SMALL[0], "the second publisher's picture"
    )
    player.wait_for_call("show", size=SMALL)
    assert player.participant.negotiations() == negotiations
    figure(f"WHEP switch to the next publisher after {how}", seconds * 1000)


def test_delete_ends_a_session_for_everybody(start_server, open_page, room):
    server = start_server()
    member, publisher, player = open_page(server), open_page(server), open_page(server)
    member.join("anna", room, **sized(SMALL))
    made = publisher.publish("camera", f"/whip/{room}?participant=obs", **sized(SMALL))
    playing = player.play("show", f"/whep/{room}")
    member.wait_for_call("anna")
    player.wait_for_call("show")
    # A session of one kind is none of the other.
    wrong = made["location"].replace("/whip/", "/whep/")
    assert publisher.call("request", "DELETE", wrong)["status"] == 404
    assert publisher.call("request", "DELETE", made["location"])["status"] == 200
    ended = publisher.call("request", "DELETE", made["location"])
    assert (ended["status"], code(ended["body"])) == (404, 3006)
    member.wait("anna", lambda seen: not seen["participants"], "the publisher gone")
    publisher.wait("camera", lambda seen: seen["transport"]["dtls"] == "closed", "a goodbye")
    assert player.call("request", "DELETE", playing["location"])["status"] == 200
    player.wait("show", lambda seen: seen["transport"]["dtls"] == "closed", "a goodbye")
    wait_until(lambda: server.metrics()["martlet_peers"] == 1, "only the member left")


def test_patch_takes_candidates_only_of_the_session_it_names(server, open_page, room):
    publisher = open_page()
    made = publisher.publish("camera", f"/whip/{room}", **sized(SMALL))
    local = publisher.page.evaluate(
        "() => window.bare.sessions.camera.connection.localDescription.sdp"
    )
    ufrag = next(
        line.split(":", 1)[1] for line in local.splitlines() if line.startswith("a=ice-ufrag:")
    )

    def patch(body, etag=made["etag"], where=made["location"], kind=FRAGMENT):
        headers = {"Content-Type": kind, **({"If-Match": etag} if etag else {})}
        return publisher.call("request", "PATCH", where, headers, body)

    candidate = "a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host"
    trickled = f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{'x' * 24}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
    trickled += f"{candidate}\r\na=end-of-candidates\r\n"
    restart = f"a=ice-ufrag:another\r\na=ice-pwd:{'y' * 24}\r\n"
    assert patch(trickled)["status"] == 204
    stale = patch(trickled, etag='"stale"')
    assert (stale["status"], code(stale["body"])) == (412, 1014)
    assert patch(trickled, etag=None)["status"] == 428
    assert patch(restart, etag="*")["status"] == 422
    assert patch("nonsense")["status"] == 400
    assert patch(trickled, kind="text/plain")["status"] == 415
    assert patch(trickled, where=f"{server.url}/whip/{room}/nothing-here")["status"] == 404


def test_what_is_no_offer_is_refused_by_its_code(server, room):
    def post(path, body, kind=SDP):
        status, _, answer = server.request("POST", path, body, {"Content-Type": kind})
        return status, code(answer)

    for face in ["whip", "whep"]:
        assert post(f"/{face}/{room}", "v=0\r\n", "application/json") == (415, 1013)
        assert post(f"/{face}/{room}", "") == (400, 4000)
        assert post(f"/{face}/{room}", "v=0\r\nnonsense") == (400, 4000)
        assert post(f"/{face}/{'x' * 65}", "v=0\r\n") == (400, 1006)
        assert post(f"/{face}/%00", "v=0\r\n") == (400, 1006)
        assert post(f"/{face}/%zz", "v=0\r\n") == (404, 1011)
        assert post(f"/{face}", "v=0\r\n") == (404, 1011)
        for method in ["GET", "PUT"]:
            status, headers, _ = server.request(method, f"/{face}/{room}")
            assert status == 405 and "POST" in headers["Allow"]


def test_a_page_of_another_origin_publishes_plays_and_reads_refusals(server, open_page, room):
    page = open_page()
    # The same server by another name is another origin to a browser, which asks by OPTIONS first.
    page.visit(server.url.replace("127.0.0.1", "localhost"))
    made = page.publish("camera", f"{server.url}/whip/{room}", **sized(SMALL))
    assert made["status"] == 201 and made["etag"]
    playing = page.play("show", f"{server.url}/whep/{room}")
    page.wait_for_call("show", size=SMALL)
    trickled = page.call(
        "request",
        *("PATCH", made["location"]),
        {"Content-Type": FRAGMENT, "If-Match": made["etag"]},
        "a=end-of-candidates\r\n",
    )
    assert trickled["status"] == 204
    offered = f"{server.url}/whip/{room}"
    for expected, method, url, headers, body in [
        (4000, "POST", offered, {"Content-Type": SDP}, "v=0"),
        (1001, "POST", offered, {"Content-Type": SDP}, "x" * 300_000),
        (1013, "POST", offered, {"Content-Type": "text/plain"}, "v=0"),
        (1014, "PATCH", made["location"], {"Content-Type": FRAGMENT, "If-Match": '"no"'}, ""),
        (3006, "DELETE", f"{server.url}/whep/{room}/nothing", {}, None),
    ]:
        assert code(page.call("request", method, url, headers, body)["body"]) == expected
    assert page.call("request", "DELETE", playing["location"])["status"] == 200


def test_outside_dev_only_a_token_for_that_room_publishes_and_plays(strict_server, open_page, room):
    page = open_page(strict_server)

    def publish(name, bearer):
        made = page.publish(name, f"/whip/{room}", token=bearer, **sized(SMALL))
        return made["status"], code(made["body"]) if "body" in made else None

    def play(name, bearer):
        made = page.play(name, f"/whep/{room}", token=bearer)
        return made["status"], code(made["body"]) if "body" in made else None

    good = token(room, "ada")
    assert publish("none", None) == (401, 2000)
    assert publish("bad", "nonsense") == (401, 2001)
    assert publish("forged", good[:-4] + "AAAA") == (401, 2004)
    assert publish("elsewhere", token("another", "ada")) == (403, 2007)
    assert publish("mute", token(room, "ada", "--publish", "none")) == (403, 2009)
    assert play("deaf", token(room, "ada", "--no-subscribe")) == (403, 2009)
    status, headers, _ = strict_server.request("POST", f"/whip/{room}", "v=0", {"Content-Type": SDP})
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert publish("good", good) == (201, None)
    location = page.page.evaluate("() => window.bare.sessions.good.location")
    assert play("player", token(room, "bob")) == (201, None)
    page.wait_for_call("player", size=SMALL)
    # Whoever knows the address of a session needs the right to it as well.
    assert page.call("request", "DELETE", location)["status"] == 401
    other = {"Authorization": f"Bearer {token(room, 'bob')}"}
    assert page.call("request", "DELETE", location, other)["status"] == 403
    assert page.call("request", "DELETE", location, {"Authorization": f"Bearer {good}"})["status"] == 200
