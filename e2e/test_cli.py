"""The `martlet` executable as a person or a script meets it."""

import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from harness.aio import AioClient
from harness.bare import BarePage
from harness.browser import srtp_cipher, wait_until
from harness.figures import figure
from harness.offers import offer
from harness.server import BUILD, Server, free_port, media_port
from harness.tls import terminated
from harness.websocket import WebSocket

SECRET = "an-end-to-end-secret-of-many-bytes"
SDP = {"Content-Type": "application/sdp"}


def martlet(*arguments, environment=None):
    return subprocess.run(
        [str(BUILD / "martlet"), *arguments],
        capture_output=True,
        text=True,
        timeout=10,
        env={**os.environ, "SWIFT_BACKTRACE": "enable=no", **(environment or {})},
    )


def fails_with_one_line(result):
    """The one line on standard error with which a command failed."""
    lines = result.stderr.strip().splitlines()
    assert result.returncode not in (0, None) and result.returncode > 0, result
    assert len(lines) == 1 and result.stdout == "", result
    assert lines[0].startswith("Error: ")
    return lines[0]


def claims(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def test_help_names_every_command_and_option():
    overview = martlet("--help")
    assert overview.returncode == 0
    assert all(command in overview.stdout for command in ["serve", "token", "--version"])
    serve = martlet("serve", "--help").stdout
    for option in [
        *("--dev", "--http", "--udp-port", "--public-address", "--loops", "--key"),
        *("--srtp-profiles", "--web-root", "SIGTERM", "MARTLET_KEYS", "--room-peers-per-loop"),
    ]:
        assert option in serve
    assert "--ttl" in martlet("token", "--help").stdout


def test_version_is_one_line_for_scripts():
    result = martlet("--version")
    assert result.returncode == 0
    assert re.fullmatch(r"martlet \d+\.\d+\.\d+\n", result.stdout)


def test_token_prints_a_jwt_that_anybody_with_the_secret_can_check():
    result = martlet(
        *("token", "--room", "daily", "--participant", "ada", "--name", "Ada", "--ttl", "15m"),
        *("--publish", "microphone,camera", "--no-subscribe"),
        environment={"MARTLET_KEYS": f"main={SECRET}"},
    )
    assert result.returncode == 0 and result.stdout.count("\n") == 1
    token = result.stdout.strip()
    signed, signature = token.rsplit(".", 1)
    expected = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == expected
    said = claims(token)
    assert (said["iss"], said["sub"], said["room"], said["name"]) == ("main", "ada", "daily", "Ada")
    assert abs(said["exp"] - time.time() - 900) < 10
    assert said["grants"]["publish"] == ["microphone", "camera"]
    assert said["grants"]["subscribe"] is False


def test_the_server_admits_by_a_token_of_the_command(start_server):
    server = start_server("--key", f"main={SECRET}", dev=False)
    token = martlet(
        *("token", "--key", f"main={SECRET}", "--room", "daily", "--participant", "ada")
    ).stdout.strip()
    client = WebSocket(server)
    assert client.join("daily", None, offer())["code"] == 2000
    assert client.join("daily", None, offer(), token=token)["participant"]["id"] == "ada"
    assert SECRET not in server.output() and token not in server.output()


def test_the_development_server_prints_all_one_needs(start_server):
    server = start_server()
    text = server.output()
    assert f"{server.url}/" in text and f"127.0.0.1:{server.udp_port}" in text
    key = re.search(r"key\s+(dev=\w+)", text)[1]
    token = martlet("token", "--key", key, "--room", "demo", "--participant", "ada").stdout.strip()
    assert WebSocket(server).join("demo", None, offer(), token=token)["type"] == "joined"
    join = re.search(r"join\s+(\S+)", text)
    assert join is None or join[1] == f"{server.url}/?room=demo"


def test_serving_away_from_this_machine_says_that_cameras_need_https():
    port = free_port()
    process = subprocess.Popen(
        [
            *(str(BUILD / "martlet"), "serve", "--dev", "--udp-port", "0"),
            *("--http", f"0.0.0.0:{port}"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "note" in line:
            break
    process.terminate()
    process.communicate(timeout=5)
    assert "HTTPS" in lines[-1]


def test_a_tcp_port_in_use_is_said_in_one_line(start_server):
    server = start_server()
    line = fails_with_one_line(
        martlet("serve", "--dev", "--http", f"127.0.0.1:{server.http_port}", "--udp-port", "0")
    )
    assert f"127.0.0.1:{server.http_port} is in use" in line


def test_a_udp_port_in_use_is_said_in_one_line(start_server):
    server = start_server()
    line = fails_with_one_line(
        martlet(
            *("serve", "--dev", "--http", f"127.0.0.1:{free_port()}"),
            *("--udp-port", str(server.udp_port)),
        )
    )
    assert f"{server.udp_port}" in line and "in use" in line


@pytest.mark.parametrize(
    "options, said",
    [
        ([], "no key"),
        (["--key", "main=short"], "shorter than 32 bytes"),
        (["--key", "nonsense"], "NAME=SECRET"),
        (["--key", f"main={SECRET}", "--key", f"main={SECRET}"], "main"),
        (["--dev", "--web-root", "/nowhere"], "/nowhere"),
        (["--dev", "--public-address", "example"], "no IP address"),
        (["--dev", "--http", "203.0.113.9:80"], "203.0.113.9"),
        (["--dev", "--turn-url", "turn:turn.example.com"], "MARTLET_TURN_SECRET"),
        (["--dev", "--turn-secret", SECRET], "--turn-url"),
        (
            ["--key", f"main={SECRET}", "--turn-url", "turn:h", "--turn-secret", "short"],
            "shorter than 32 bytes",
        ),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(options, said):
    line = fails_with_one_line(martlet("serve", "--udp-port", "0", *options))
    assert said in line and "short;" not in line and SECRET not in line


@pytest.mark.parametrize(
    "options",
    [
        ["--nonsense"],
        ["--dev", "--srtp-profiles", "rot13"],
        ["--dev", "--http", "127.0.0.1:99999"],
        ["--dev", "--udp-port", "70000"],
        ["--dev", "--loops", "0"],
        ["--dev", "--room-peers-per-loop", "0"],
        ["--dev", "--turn-url", "stun:turn.example.com"],
        ["--dev", "--turn-url", "turn://turn.example.com"],
        ["--dev", "--turn-url", "turns:turn.example.com?transport=udp"],
        ["--dev", "--turn-lifetime", "1s"],
        ["--dev", *["--turn-url", "turn:h"] * 9],
    ],
)
def test_options_that_mean_nothing_are_explained_and_refused(options):
    result = martlet("serve", *options)
    assert result.returncode == 64
    assert result.stderr.startswith("Error: ") and "Usage: martlet serve" in result.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_tells_every_client_and_ends_within_two_seconds(start_server, how):
    server = start_server()
    member, visitor = WebSocket(server), WebSocket(server)
    assert member.join("daily", "ada", offer())["type"] == "joined"
    publisher = AioClient(server)
    publisher.publish("/whip/daily")
    wait_until(lambda: publisher.state == "connected", "the publisher")
    silent, slow = (socket.create_connection(("127.0.0.1", server.http_port)) for _ in range(2))
    slow.sendall(b"GET /healthz HTTP/1.1\r\nHo")
    code, seconds = server.stop(how)
    silent.close()
    slow.close()
    assert code == 0 and seconds < 2
    figure(f"{how.name} to the end of the process", seconds * 1000)
    assert member.next("disconnected")["reason"] == "serverShutdown"
    assert member.close_code() == 1001
    # Neither one who never joined nor a publisher without a socket is left hanging.
    assert visitor.is_closed(1)
    wait_until(lambda: publisher.state == "closed", "the publisher to hear the goodbye")
    publisher.close()


def test_once_stopped_the_ports_are_free_at_once(start_server):
    server = start_server()
    server.stop()
    again = Server()
    again.http_port, again.udp_port = server.http_port, server.udp_port
    again.start()
    assert again.stop()[0] == 0


@pytest.mark.parametrize(
    "option, cipher",
    [("aes128-cm-sha1-80", "AES128_CM_HMAC_SHA1_80"), ("aes256-gcm", "AEAD_AES_256_GCM")],
)
def test_srtp_profiles_decides_what_chromium_uses(start_server, browser, option, cipher):
    server = start_server("--srtp-profiles", option)
    page = BarePage(browser, server)
    page.publish("camera", "/whip/daily", width=320, height=180)
    page.play("show", "/whep/daily")
    seen = page.wait_for_call("show", size=(320, 180))
    assert srtp_cipher(seen["transport"]) == cipher
    page.close()


def test_public_addresses_are_told_instead_of_our_own(start_server):
    server = start_server("--public-address", "203.0.113.7", "--public-address", "2001:db8::7")
    status, _, answer = server.request("POST", "/whip/daily", offer(), SDP)
    hosts = re.findall(r"a=candidate:\d+ 1 udp \d+ (\S+) (\d+)", answer.decode())
    port = str(server.udp_port)
    assert status == 201 and hosts == [("203.0.113.7", port), ("2001:db8::7", port)]


def test_candidates_of_a_development_server_name_the_lan_before_this_machine(start_server):
    answer = start_server().request("POST", "/whip/daily", offer(), SDP)[2].decode()
    found = re.findall(r"a=candidate:\d+ 1 udp (\d+) (\S+)", answer)
    hosts = [host for _, host in sorted(found, key=lambda one: -int(one[0]))]
    assert "127.0.0.1" in hosts
    own = [host for host in hosts if host not in ("127.0.0.1", "::1")]
    assert hosts[: len(own)] == own


def test_several_loops_carry_rooms_on_ports_of_their_own(start_server):
    base = media_port()
    server = start_server("--loops", "2", "--udp-port", str(base))
    ports = set()
    players = []
    for room in ["a", "b", "c", "d"]:
        publisher, player = AioClient(server), AioClient(server)
        publisher.publish(f"/whip/{room}")
        player.play(f"/whep/{room}")
        players += [publisher, player]
        ports |= set(re.findall(r"a=candidate:\d+ 1 udp \d+ 127.0.0.1 (\d+)", player.answer))
        wait_until(lambda: player.seen.frames > 0, f"media in room {room}")
    assert ports == {str(base), str(base + 1)}
    for one in players:
        one.close()


def test_load_by_whip_publishes_receives_counts_and_leaves(start_server):
    server = start_server("--key", f"main={SECRET}", dev=False)
    result = martlet(
        *("load", "--url", server.url, "--room", "a b", "--receivers", "4", "--publishers", "2"),
        *("--seconds", "1", "--spread", "--json", "--signalling", "whip"),
        environment={"MARTLET_KEYS": f"main={SECRET}"},
    )
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout)
    assert seen["valid"] and seen["lost"] == 0 and seen["unreadable"] == 0
    assert (seen["publishers"], seen["receivers"]) == (2, 4)
    # Two publishers of 30 frames of five packets, and sound 50 times a second.
    assert 300 < seen["sent_per_second"] < 500
    assert 0.75 < seen["received_per_second"] / seen["sent_per_second"] / 4 < 1.25
    assert 0 < seen["latency_p50_ms"] <= seen["latency_p99_ms"]
    wait_until(lambda: server.metrics()["martlet_peers"] == 0, "everybody to have left")


def test_load_fills_rooms_over_websockets_counts_and_empties_them(start_server):
    server = start_server("--key", f"main={SECRET}", "--room-participants", "21", dev=False)
    result = martlet(
        *("load", "--url", server.url, "--room", "hall {}", "--rooms", "4", "--publishers", "20"),
        *("--subscribers", "60", "--frames", "5", "--packets", "1", "--seconds", "1", "--json"),
        *("--join-rate", "200", "--threads", "2"),
        environment={"MARTLET_KEYS": f"main={SECRET}"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    seen = json.loads(result.stdout)
    assert seen["valid"] and seen["problems"] == []
    asked = ("publishers", "receivers", "rooms", "joined", "failed", "gone")
    assert [seen[key] for key in asked] == [20, 60, 4, 80, 0, 0]
    assert seen["failures"] == {} and seen["unreadable"] == 0
    # Five frames a second and sound 50 times, of 20; a room's five pictures and three loudest reach 15.
    assert 900 < seen["sent_per_second"] < 1300
    assert 6000 < seen["received_per_second"] < 13000
    for step in ("", "_websocket", "_admission", "_ice", "_dtls"):
        low, high = seen[f"join{step}_p50_ms"], seen[f"join{step}_max_ms"]
        assert 0 < low <= high < 5000, step
    assert 0 < seen["latency_p50_ms"] <= seen["latency_max_ms"]
    assert seen["server_pid"] == server.process.pid
    assert seen["server_cpu_percent"] > 0 and seen["server_rss_mb"] > 10
    assert seen["load_cpu_percent"] > 0 and 0 < seen["load_client_kb"] < 2000
    # They said goodbye: nobody had to time out.
    metrics = server.metrics()
    assert metrics["martlet_participants"] == 0 and metrics["martlet_links_lost_total"] == 0
    wait_until(lambda: server.metrics()["martlet_peers"] == 0, "the media loop to have let go")

    # A room that is full is told by its code, and by the exit code.
    result = martlet(
        *("load", "--url", server.url, "--publishers", "1", "--receivers", "22", "--seconds", "1"),
        *("--frames", "5", "--packets", "1"),
        environment={"MARTLET_KEYS": f"main={SECRET}"},
    )
    assert result.returncode == 2, result.stderr
    assert re.search(r"^joined +21$", result.stdout, re.M)
    assert re.search(r"^ +of them +2 \(3001: The room is full", result.stdout, re.M)


def test_load_prints_a_table_and_says_what_keeps_it_out(start_server):
    server = start_server()
    result = martlet("load", "--server", server.url, "--receivers", "1", "--seconds", "1")
    assert result.returncode == 0, result.stderr
    assert re.search(r"^packets lost +0$", result.stdout, re.M)
    locked = start_server("--key", f"main={SECRET}", dev=False)
    line = fails_with_one_line(martlet("load", "--server", locked.url, "--seconds", "1"))
    assert "--key NAME=SECRET" in line
    line = fails_with_one_line(martlet("load", "--server", f"http://127.0.0.1:{free_port()}"))
    assert "no server answers" in line
    whip = ("load", "--signalling", "whip")
    assert "--receivers" in martlet(*whip, "--receivers", "255").stderr
    assert "--token" in martlet("load", "--token", "abc").stderr


def test_load_ends_early_with_its_table_when_told_to(start_server):
    server = start_server()
    running = subprocess.Popen(
        [str(BUILD / "martlet"), "load", "--server", server.url, "--receivers", "2", "--progress"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = ""
    while "measuring" not in line:
        line = running.stderr.readline()
        assert line, "it ended before it measured"
    assert "connected 3 of 3" in line
    running.send_signal(signal.SIGINT)
    output, error = running.communicate(timeout=8)
    assert running.returncode == 0, error
    assert re.search(r"^joined +3$", output, re.M)
    assert server.metrics()["martlet_participants"] == 0


def test_load_joins_through_tls_if_it_trusts_the_certificate(start_server, tmp_path):
    server = start_server()
    with terminated(tmp_path, "127.0.0.1", server.http_port) as (port, certificate):
        url = f"https://127.0.0.1:{port}"
        options = ("load", "--server", url, "--receivers", "2", "--seconds", "1", "--json")
        result = martlet(*options, environment={"SSL_CERT_FILE": certificate})
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["joined"] == 3
        line = fails_with_one_line(martlet(*options))
        assert "nobody came in" in line and "not trusted" in line
