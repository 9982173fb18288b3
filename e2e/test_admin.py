"""The admin interface and `martlet room`, as a backend and a person at a terminal meet them."""

import base64
import json
import os
import re
import socket
import subprocess
import threading
import time

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from harness.backend import KEY, SECRET, Backend, quoted, sign, token
from harness.browser import wait_until
from harness.offers import offer
from harness.server import BUILD, ROOT, free_port
from harness.websocket import RawSocket, WebSocket

PAGE = (ROOT / "docs" / "admin.md").read_text()


@pytest.fixture
def guarded(start_server):
    """A server in which everybody needs a token."""
    return start_server("--key", KEY, dev=False)


def run(*arguments, server=None, key=KEY, environment=None):
    """Runs `martlet` with the key and the server in its environment."""
    settings = {"SWIFT_BACKTRACE": "enable=no", "MARTLET_KEYS": key or ""}
    if server:
        settings["MARTLET_SERVER"] = server.url
    return subprocess.run(
        [str(BUILD / "martlet"), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, **settings, **(environment or {})},
    )


def failure(result):
    """The one line with which a command failed."""
    lines = result.stderr.strip().splitlines()
    assert result.returncode == 1 and result.stdout == "" and len(lines) == 1, result
    assert lines[0].startswith("Error: ") and SECRET not in lines[0]
    return lines[0]


def enter(server, room, participant, publish=(), **claims):
    """Somebody in a room, by a token of the backend."""
    client = WebSocket(server)
    bearer = sign(
        {"iss": "main", "sub": participant, "room": room, "exp": int(time.time()) + 600, **claims}
    )
    client.joined = client.join(room, participant, offer(), token=bearer)
    assert client.joined["type"] == "joined", client.joined
    for index, (source, mid) in enumerate(publish):
        client.send_message({"type": "publish", "id": 10 + index, "source": source, "mid": mid})
        client.next("ok")
    return client


# Rooms and participants


def test_T02_a_backend_of_ones_own_signs_room_tokens(guarded):
    bearer = sign({"iss": "main", "sub": "ada", "room": "daily", "exp": int(time.time()) + 60})
    joined = WebSocket(guarded).join("daily", None, offer(), token=bearer)
    assert joined["participant"]["id"] == "ada"
    assert WebSocket(guarded).join("weekly", None, offer(), token=bearer)["code"] == 2007
    forged = sign(
        {"iss": "main", "sub": "ada", "room": "daily", "exp": int(time.time()) + 60}, "x" * 32
    )
    assert WebSocket(guarded).join("daily", None, offer(), token=forged)["code"] == 2004


def test_T08_a_token_of_the_server_lets_its_bearer_in(guarded):
    wanted = {
        "room": "daily",
        "participant": "ada",
        "name": "Ada",
        "ttlSeconds": 60,
        "grants": {"publish": ["microphone"]},
    }
    status, issued = Backend(guarded).ask("POST", "/v1/tokens", wanted)
    assert status == 200 and abs(issued["expiresAt"] - time.time() - 60) < 5
    client = WebSocket(guarded)
    joined = client.join("daily", None, offer(), token=issued["token"])
    assert joined["participant"]["name"] == "Ada" and joined["grants"]["publish"] == ["microphone"]
    _, seen = Backend(guarded).ask("GET", "/v1/rooms/daily/participants/ada")
    assert seen["tokenExpiresAt"] == issued["expiresAt"]
    assert issued["token"] not in guarded.output() and SECRET not in guarded.output()


def test_V07_a_room_is_made_with_its_own_limits(guarded):
    backend = Backend(guarded)
    status, room = backend.ask(
        "POST", "/v1/rooms", {"name": "small", "participantsMax": 1, "metadata": "m"}
    )
    assert status == 201 and room["participantsMax"] == 1
    assert backend.ask("POST", "/v1/rooms", {"name": "small"})[1]["code"] == 3010
    member = enter(guarded, "small", "ada")
    assert member.joined["room"]["metadata"] == "m"
    second = WebSocket(guarded).join("small", "bob", offer(), token=token("bob", "small"))
    assert second["code"] == 3001


def test_C15_a_room_nobody_enters_closes_after_its_time_and_one_entered_does_not(guarded):
    backend = Backend(guarded)
    started = time.monotonic()
    for name in ["empty", "entered"]:
        assert backend.ask("POST", "/v1/rooms", {"name": name, "emptySeconds": 2})[0] == 201
    member = enter(guarded, "entered", "ada")
    wait_until(lambda: backend.ask("GET", "/v1/rooms/empty")[0] == 404, "the room to close")
    assert 2 <= time.monotonic() - started < 5
    time.sleep(0.5)
    assert backend.ask("GET", "/v1/rooms/entered")[0] == 200
    member.close()


def test_V06_closing_a_room_tells_everybody_in_it(guarded):
    backend = Backend(guarded)
    members = [enter(guarded, "daily", name) for name in ["ada", "bob"]]
    assert backend.ask("DELETE", "/v1/rooms/daily") == (204, None)
    for member in members:
        assert member.next("disconnected")["reason"] == "roomClosed"
        assert member.close_code() == 1000
    assert backend.ask("GET", "/v1/rooms/daily")[1]["code"] == 3000
    # The name is free at once.
    assert enter(guarded, "daily", "ada").joined["participants"] == []


def test_V03_the_kicked_is_told_and_may_not_come_back_while_banned(guarded):
    backend = Backend(guarded)
    ada, bob = [enter(guarded, "daily", name) for name in ["ada", "bob"]]
    ada.next("participantJoined")
    assert backend.ask("DELETE", "/v1/rooms/daily/participants/bob?ban=3") == (204, None)
    assert bob.next("disconnected")["reason"] == "kicked"
    assert bob.close_code() == 1000
    assert ada.next("participantLeft") == {
        "type": "participantLeft",
        "participant": "bob",
        "reason": "kicked",
    }
    refused = WebSocket(guarded).join("daily", "bob", offer(), token=token("bob", "daily"))
    assert refused["code"] == 3009 and 0 < refused["retryAfterMilliseconds"] <= 3000
    time.sleep(refused["retryAfterMilliseconds"] / 1000 + 0.05)
    bob = enter(guarded, "daily", "bob")
    assert backend.ask("DELETE", "/v1/rooms/daily/participants/cy")[1]["code"] == 3003


def test_V08_rooms_and_everybody_in_them_are_seen(guarded):
    backend = Backend(guarded)
    members = [
        enter(guarded, "a b#c?", "ada", publish=[("camera", "1")], name="Ada", metadata="m"),
        enter(guarded, "a b#c?", "spy", grants={"hidden": True, "publish": False}),
        enter(guarded, "other", "bob"),
    ]
    _, listed = backend.ask("GET", "/v1/rooms")
    assert [room["name"] for room in listed["rooms"]] == ["a b#c?", "other"]
    _, page = backend.ask("GET", "/v1/rooms?limit=1")
    assert page["next"] == "a b#c?" and len(page["rooms"]) == 1
    _, rest = backend.ask("GET", f"/v1/rooms?limit=1&after={quoted(page['next'])}")
    assert [room["name"] for room in rest["rooms"]] == ["other"] and "next" not in rest
    path = f"/v1/rooms/{quoted('a b#c?')}"
    _, room = backend.ask("GET", path)
    assert (room["participants"], room["tracks"], room["profile"]) == (2, 1, "communication")
    _, everybody = backend.ask("GET", f"{path}/participants")
    ada, spy = everybody["participants"]
    assert ada["participant"]["name"] == "Ada" and ada["participant"]["metadata"] == "m"
    assert [track["source"] for track in ada["participant"]["tracks"]] == ["camera"]
    assert ada["visible"] and not spy["visible"] and spy["grants"]["hidden"]
    assert steady(backend.ask("GET", f"{path}/participants/spy")[1]) == steady(spy)
    for member in members:
        member.close()


def test_C25_who_starts_again_learns_from_the_server_whether_it_is_still_in_the_room(guarded):
    backend = Backend(guarded)
    here = "/v1/rooms/daily/participants/ada"
    assert backend.ask("GET", here)[1]["code"] == 3000
    keeper, client = enter(guarded, "daily", "bob"), enter(guarded, "daily", "ada")
    assert backend.ask("GET", here)[0] == 200
    client.close()
    # Gone or, where sessions can be resumed, interrupted: either way the server tells how it stands.
    wait_until(
        lambda: (
            backend.ask("GET", here)[1].get("code") == 3003
            or backend.ask("GET", here)[1]["participant"].get("interrupted")
        ),
        "the server to notice",
    )
    again = enter(guarded, "daily", "ada")
    status, seen = backend.ask("GET", here)
    assert status == 200 and not seen["participant"].get("interrupted") and seen["ageSeconds"] < 5
    again.close()
    keeper.close()


def test_a_change_of_rights_is_felt_at_once(guarded):
    backend = Backend(guarded)
    ada = enter(guarded, "daily", "ada", publish=[("camera", "1")])
    bob = enter(guarded, "daily", "bob")
    status, now = backend.ask(
        "PATCH", "/v1/rooms/daily/participants/ada", {"grants": {"publish": ["microphone"]}}
    )
    assert status == 200 and now["participant"]["tracks"] == []
    assert ada.next("permissionsChanged")["grants"]["publish"] == ["microphone"]
    assert bob.next("trackUnpublished")["participant"] == "ada"


# Access and hostile input


def test_the_description_is_valid_openapi_with_true_examples(guarded):
    backend = Backend(guarded)
    validate(backend.description)
    for path, operations in backend.description["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            bodies = [operation.get("requestBody"), *operation["responses"].values()]
            for body in filter(None, bodies):
                for content in body.get("content", {}).values():
                    if "example" in content:
                        Draft202012Validator(backend.whole(content["schema"])).validate(
                            content["example"]
                        )
    # Whoever reads it needs no token for it, and gets nothing else without one.
    assert guarded.request("GET", "/v1/openapi.json")[0] == 200
    assert guarded.request("GET", "/v1/rooms")[0] == 401


@pytest.mark.parametrize(
    "bearer, status, code",
    [
        (lambda: token(admin=True, seconds=-60), 401, 2005),
        (lambda: token(admin=True, secret="f" * 32), 401, 2004),
        (lambda: token(admin=True, iss="other"), 401, 2003),
        (
            lambda: sign(
                {"iss": "main", "sub": "x", "exp": 2**40, "grants": {"admin": True}},
                header={"alg": "none"},
            ),
            401,
            2002,
        ),
        (
            lambda: sign({"iss": "main", "sub": "x", "exp": 2**40, "grants": {"admin": "yes"}}),
            401,
            2001,
        ),
        (lambda: sign({"iss": "main", "exp": 2**40, "grants": {"admin": True}}), 401, 2001),
        (lambda: token(admin=True)[:-2], 401, 2001),
        (lambda: "a.b.c", 401, 2001),
        (lambda: "x" * 7000, 401, 2001),
        (lambda: token(room="daily"), 403, 2009),
        (lambda: token(room="weekly", admin=True), 403, 2009),
    ],
)
def test_a_token_that_is_not_for_this_gets_nothing_done(guarded, bearer, status, code):
    member = enter(guarded, "daily", "ada")
    stranger = Backend(guarded, bearer())
    for method, path, body in [
        ("POST", "/v1/rooms", {"name": "mine"}),
        ("GET", "/v1/rooms/daily", None),
        ("DELETE", "/v1/rooms/daily", None),
        ("DELETE", "/v1/rooms/daily/participants/ada", None),
        ("PATCH", "/v1/rooms/daily/participants/ada", {"name": "Eve"}),
        ("POST", "/v1/rooms/daily/messages", {"content": "x"}),
        ("POST", "/v1/tokens", {"room": "daily", "participant": "eve"}),
    ]:
        answered, refusal = stranger.ask(method, path, body)
        assert (answered, refusal["code"]) == (status, code), (method, path)
    _, rooms = Backend(guarded).ask("GET", "/v1/rooms")
    assert [room["name"] for room in rooms["rooms"]] == ["daily"]
    _, ada = Backend(guarded).ask("GET", "/v1/rooms/daily/participants/ada")
    assert "name" not in ada["participant"]
    member.close()


def test_in_development_too_a_token_is_asked_for(server):
    for method, path in [
        ("GET", "/v1/rooms"),
        ("DELETE", "/v1/rooms/daily"),
        ("POST", "/v1/tokens"),
    ]:
        assert server.request(method, path)[0] == 401


def test_hostile_bodies_are_refused_and_disturb_nobody(guarded):
    member = enter(guarded, "daily", "ada")
    bearer = token(admin=True)
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    deep = b'{"name":' + b"[" * 60_000
    bodies = [
        (deep, 400, 1002),
        (b'{"content":"' + b"a" * 70_000 + b'"}', 413, 1001),
        (b"\xff\xfe{\x00}\x00", 400, 1000),
        (b'{"name":"\xff"}', 400, None),
        (b"", 400, 1000),
        (b'{"name":"a' + b"\\u0000" + b'b","room":"a\\u0000"}', 400, None),
        (b'{"name":' + b"9" * 5000 + b"}", 400, None),
        (json.dumps({"name": "x", "metadata": "m" * 5000}).encode(), 400, None),
    ]
    for body, status, code in bodies:
        for path in ["/v1/rooms", "/v1/tokens", "/v1/rooms/daily/messages"]:
            answered, _, data = guarded.request("POST", path, body, headers)
            assert answered == status and code in (None, json.loads(data)["code"]), (
                path,
                body[:40],
            )
    # A body that never comes costs a connection, for a while.
    sockets = [RawSocket(guarded) for _ in range(20)]
    for raw in sockets:
        raw.send(
            f"POST /v1/rooms HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {bearer}\r\n"
            "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{".encode()
        )
    assert guarded.is_healthy()
    member.send_message({"type": "ping", "id": 5})
    assert member.next("pong")["id"] == 5
    assert [room["name"] for room in Backend(guarded).ask("GET", "/v1/rooms")[1]["rooms"]] == [
        "daily"
    ]
    for raw in sockets:
        raw.close()


def test_V07_a_flood_of_rooms_from_many_sides_is_held_to_their_number(start_server):
    server = start_server("--key", KEY, "--rooms", "50", dev=False)
    member = enter(server, "daily", "ada")
    statuses = []

    def flood(side):
        backend = Backend(server)
        for number in range(60):
            body = {"name": f"flood {side} {number}", "emptySeconds": 1}
            statuses.append(backend.ask("POST", "/v1/rooms", body)[0])

    sides = [threading.Thread(target=flood, args=(side,)) for side in range(4)]
    for side in sides:
        side.start()
    while any(side.is_alive() for side in sides):
        assert server.is_healthy()
        assert server.metrics()["martlet_rooms"] <= 50
        time.sleep(0.05)
    assert set(statuses) == {201, 503} and len(statuses) == 240
    member.send_message({"type": "ping", "id": 5})
    assert member.next("pong")["id"] == 5
    wait_until(lambda: server.metrics()["martlet_rooms"] == 1, "the flood to drain")


# The documented examples


def blocks(kinds):
    """The fenced examples of the page in their order, as (kind, text)."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [(kind, text) for kind, text in found if kind in kinds]


def steady(value):
    """An answer without what differs from run to run."""
    if isinstance(value, dict):
        return {
            key: type(inner).__name__
            if key in ("ageSeconds", "tokenExpiresAt", "expiresAt", "token")
            or (key == "id" and inner.startswith(("RM_", "TR_")))
            else steady(inner)
            for key, inner in value.items()
        }
    return [steady(inner) for inner in value] if isinstance(value, list) else value


def test_every_request_of_the_page_is_answered_as_it_says(guarded):
    environment = {**os.environ, "SERVER": guarded.url, "TOKEN": token(admin=True)}
    examples = blocks(["sh", "json"])
    assert examples[0][1].startswith("export")
    members, ran = [], 0
    for index, (kind, text) in enumerate(examples):
        if kind != "sh" or "curl" not in text:
            continue
        if ran == 1:
            members.append(
                enter(guarded, "daily", "ada", publish=[("microphone", "0")], name="Ada")
            )
            members.append(enter(guarded, "daily", "bob"))
        result = subprocess.run(
            ["bash", "-euc", text], env=environment, capture_output=True, text=True, timeout=10
        )
        assert result.returncode == 0, result
        ran += 1
        following = examples[index + 1] if index + 1 < len(examples) else (None, None)
        if following[0] == "json":
            assert steady(json.loads(result.stdout)) == steady(json.loads(following[1])), text
        else:
            assert result.stdout == "", text
    assert ran == 11
    assert members[1].next("messageReceived")["content"] == "Five minutes left."
    assert members[1].next("disconnected")["reason"] == "kicked"
    assert members[0].next("disconnected")["reason"] == "roomClosed"


def without_ages(text):
    """Terminal output with ages and widths taken out."""
    text = re.sub(r"(?<!\S)(\d+[dhms])+(?!\S)", "AGE", text)
    return [line.split() for line in text.strip().splitlines()]


def test_every_command_of_the_page_prints_what_it_says(guarded):
    ran = []
    members = []
    for _, text in blocks(["console"]):
        command, said = text.split("\n", 1)
        words = command.removeprefix("$ martlet ").split()
        result = run(*words, server=guarded)
        expected_code = 1 if said.startswith("Error") else 0
        assert result.returncode == expected_code, result
        assert without_ages(result.stdout + result.stderr) == without_ages(said), command
        ran.append(words[1])
        if len(ran) == 1:
            members = [
                enter(guarded, "standup", "ada", publish=[("microphone", "0")], name="Ada"),
                enter(guarded, "standup", "bob"),
            ]
    assert set(ran) == {"list", "get", "create", "close", "kick"}
    assert members[1].next("disconnected")["reason"] == "kicked"
    assert members[0].next("disconnected")["reason"] == "roomClosed"


def test_the_page_names_every_route(guarded):
    rows = re.findall(r"^\| `([A-Z]+) (/v1/\S+)` \|", PAGE, re.MULTILINE)
    described = [
        (method.upper(), path)
        for path, operations in Backend(guarded).description["paths"].items()
        for method in operations
        if method != "parameters"
    ]
    assert sorted(rows) == sorted(described)


# At a terminal


def test_the_key_that_a_development_server_prints_works(server):
    key = re.search(r"key\s+(dev=\w+)", server.output())[1]
    assert run("room", "list", server=server, key=key).stdout == "no rooms\n"
    assert (
        run(
            "room", "create", "daily", server=server, key=None, environment={"MARTLET_KEYS": ""}
        ).returncode
        == 1
    )
    made = run("room", "create", "daily", "--key", key, "--server", server.url, key=None)
    assert made.returncode == 0 and made.stdout.startswith("room ")
    by_token = run("token", "--admin", key=key).stdout.strip()
    listed = run("room", "list", "--json", "--token", by_token, server=server, key=None)
    assert [room["name"] for room in json.loads(listed.stdout)["rooms"]] == ["daily"]


def test_everything_can_be_had_as_json(guarded):
    def answer(*arguments):
        result = run("room", *arguments, "--json", server=guarded)
        assert result.returncode == 0, result
        return json.loads(result.stdout)

    name = "50% of [a|b] #1"
    made = answer("create", name, "--profile", "broadcast", "--metadata", "x", "--tracks", "3")
    assert (made["name"], made["profile"], made["metadata"]) == (name, "broadcast", "x")
    member = enter(guarded, name, "ada", grants={"role": "host"})
    whole = answer("get", name)
    assert whole["room"]["participants"] == 1
    assert [one["participant"]["id"] for one in whole["participants"]] == ["ada"]
    assert [room["name"] for room in answer("list", "--prefix", "50%")["rooms"]] == [name]
    assert answer("list", "--prefix", "51")["rooms"] == []
    assert answer("kick", name, "ada") == {"kicked": "ada"}
    assert answer("close", name) == {"closed": name}
    assert member.next("disconnected")["reason"] == "kicked"


def test_a_list_longer_than_a_page_is_whole(guarded):
    backend = Backend(guarded)
    for number in range(503):
        assert (
            backend.ask("POST", "/v1/rooms", {"name": f"r{number:03}", "emptySeconds": 600})[0]
            == 201
        )
    result = run("room", "list", "--json", server=guarded)
    rooms = [room["name"] for room in json.loads(result.stdout)["rooms"]]
    assert rooms == [f"r{number:03}" for number in range(503)]


def test_other_peoples_texts_cannot_steer_the_terminal(guarded):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\nroom fake"
    Backend(guarded).ask("POST", "/v1/rooms", {"name": "daily", "metadata": evil})
    member = enter(guarded, "daily", "ada", name="\u009b31mAda\u202e")
    for options in [[], ["--json"]]:
        result = run("room", "get", "daily", *options, server=guarded)
        assert result.returncode == 0
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stdout)
        assert "room fake" not in result.stdout.splitlines()
    assert json.loads(result.stdout)["room"]["metadata"] == evil
    member.close()


def test_what_goes_wrong_is_said_in_one_line_with_what_to_do(guarded):
    nobody = f"http://127.0.0.1:{free_port()}"
    line = failure(run("room", "list", "--server", nobody))
    assert nobody in line and "martlet serve" in line and "--server" in line
    line = failure(run("room", "list", server=guarded, key="main=" + "f" * 32))
    assert "does not know the key main" in line and "MARTLET_KEYS" in line
    line = failure(run("room", "list", server=guarded, key="other=" + "f" * 32))
    assert "does not know the key other" in line
    assert "no key" in failure(run("room", "list", server=guarded, key=None))
    assert "there is no room nope" in failure(run("room", "get", "nope", server=guarded))
    assert "there is no room nope" in failure(run("room", "close", "nope", server=guarded))
    run("room", "create", "daily", server=guarded)
    assert "is a room daily already" in failure(run("room", "create", "daily", server=guarded))
    assert "nobody called bob" in failure(run("room", "kick", "daily", "bob", server=guarded))
    assert "1 to 64 letters" in failure(run("room", "get", "a/b", server=guarded))
    assert "`participantsMax` must be" in failure(
        run("room", "create", "x", "--participants", "100000", server=guarded)
    )
    plain = token(room="daily")
    assert "2009" in failure(run("room", "list", "--token", plain, server=guarded, key=None))
    late = token(admin=True, seconds=-90)
    line = failure(run("room", "list", "--token", late, server=guarded, key=None))
    assert "expired" in line and "clocks" in line
    assert "tunnel" in failure(run("room", "list", "--server", "https://media.example.com"))
    for address in [
        "ftp://a",
        "http://",
        "http://a:b",
        "http://u:p@a",
        "http://a?b",
        "a b",
        "http://a/ b",
    ]:
        assert "no address of a server" in failure(run("room", "list", "--server", address))


def test_servers_that_are_no_martlet_are_told_as_such():
    answers = {
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found": "no Martlet server",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok": "cannot read",
        b"SSH-2.0-OpenSSH_9\r\n": "no answer that is HTTP",
        b"": "without an answer",
    }
    for answer, said in answers.items():
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve(listener=listener, answer=answer):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

            thread = threading.Thread(target=serve)
            thread.start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert said in failure(run("room", "list", "--server", url))
            thread.join()


def test_tokens_of_the_command_say_what_their_options_mean():
    def grants(*options):
        result = run("token", *options)
        assert result.returncode == 0, result
        claims = result.stdout.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(claims + "=="))

    admin = grants("--admin", "--ttl", "10m")
    assert "room" not in admin and admin["sub"] == "admin" and admin["grants"]["admin"]
    scoped = grants("--admin", "--room", "daily", "--participant", "ada")
    assert (scoped["room"], scoped["sub"]) == ("daily", "ada")
    listener = grants(
        *("--room", "show", "--participant", "bob", "--role", "audience", "--no-change-role"),
        *("--no-data", "--update-self", "--hidden", "--publish", "none"),
    )["grants"]
    assert listener == {
        "admin": False,
        "changeRole": False,
        "data": False,
        "hidden": True,
        "publish": [],
        "role": "audience",
        "subscribe": True,
        "updateSelf": True,
    }
    for options in [
        [],
        ["--participant", "ada"],
        ["--room", "daily"],
        ["--room", "a", "--participant", "b", "--role", "king"],
    ]:
        result = run("token", *options)
        assert result.returncode == 64 and "Usage: martlet token" in result.stderr


def test_help_tells_every_command_and_option():
    overview = run("room", "--help").stdout
    assert all(
        word in overview for word in ["list", "get", "create", "close", "kick", "MARTLET_SERVER"]
    )
    for command in ["list", "get", "create", "close", "kick"]:
        text = run("room", command, "--help").stdout
        assert all(option in text for option in ["--server", "--key", "--token", "--json"])
    assert "room" in run("--help").stdout
