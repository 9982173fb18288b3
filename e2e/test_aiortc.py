"""WHIP and WHEP from a client that is no browser: aiortc, with pictures and a tone of its own making."""

import datetime
import itertools

import pytest
from aiortc import RTCCertificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.aio import AioClient
from harness.bare import BarePage, kinds
from harness.browser import wait_until
from harness.figures import figure
from harness.server import Server

SIZE = (320, 240)
rooms = (f"aio-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def server():
    one = Server().start()
    yield one
    assert one.is_running(), one.output()
    one.stop()


@pytest.fixture
def room():
    return next(rooms)


@pytest.fixture
def aio(server):
    clients = []

    def open_one(**options):
        clients.append(AioClient(options.pop("at", server), **options))
        return clients[-1]

    yield open_one
    for client in clients:
        client.close()


@pytest.fixture
def page(browser, server):
    one = BarePage(browser, server)
    yield one
    one.close()


def wait_for_media(player, size):
    seen = player.seen
    wait_until(
        lambda: seen.frames >= 5 and size in seen.sizes and seen.energy > 0.01,
        f"decoded pictures of {size} and sound: {vars(seen)}",
        15,
    )
    return seen


def test_what_aiortc_publishes_chromium_sees_and_hears(aio, page, room):
    publisher = aio()
    assert publisher.publish(f"/whip/{room}", SIZE) == 201
    page.play("show", f"/whep/{room}")
    seen = page.wait_for_call("show", size=SIZE)
    figure("WHEP request to first frame, aiortc to Chromium", seen["firstFrame"])
    reports, _ = wait_until(
        lambda: [one for one in publisher.round_trip() if one[0] is not None] or None,
        "receiver reports",
    )
    assert all(trip < 1 and lost == 0 for trip, lost in reports)


def test_chromium_decodes_aiortcs_h264(aio, page, room):
    publisher = aio()
    assert publisher.publish(f"/whip/{room}", SIZE, codec="H264") == 201
    page.play("show", f"/whep/{room}")
    page.wait_for_call("show", size=SIZE)


def test_what_chromium_publishes_aiortc_decodes(aio, page, room):
    page.publish("camera", f"/whip/{room}", width=640, height=360, codec="VP8")
    player = aio()
    assert player.play(f"/whep/{room}") == 201
    seen = wait_for_media(player, (640, 360))
    figure("WHEP request to first frame, Chromium to aiortc", seen.first_frame * 1000)


def test_aiortc_plays_what_aiortc_publishes_unchanged(aio, room):
    publisher, player = aio(), aio()
    publisher.publish(f"/whip/{room}", SIZE)
    player.play(f"/whep/{room}")
    seen = wait_for_media(player, SIZE)
    assert seen.sizes == {SIZE}
    assert all(abs(got - sent) < 12 for got, sent in zip(seen.colour, (90, 170)))
    assert 430 < seen.pitch < 450


def test_a_browser_in_the_room_sees_aiortc_join_and_leave(aio, page, server, room):
    page.join("anna", room, width=320, height=180)
    publisher = aio()
    publisher.publish(f"/whip/{room}?participant=robot", SIZE)
    seen = page.wait_for_call("anna", size=SIZE)
    assert kinds(seen["participants"]["robot"]) == ["audio", "video"]
    assert server.request("DELETE", publisher.location)[0] == 200
    page.wait("anna", lambda seen: not seen["participants"], "the robot gone")
    wait_until(lambda: publisher.state == "closed", "aiortc to hear the goodbye")


def test_a_certificate_of_rsa_is_as_good_as_one_of_p256(aio, room):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rsa")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=30))
    certificate = RTCCertificate(key, builder.sign(key, hashes.SHA256()))
    publisher, player = aio(certificate=certificate), aio()
    publisher.publish(f"/whip/{room}", SIZE)
    assert all(one.value in publisher.offer for one in certificate.getFingerprints())
    player.play(f"/whep/{room}")
    wait_for_media(player, SIZE)


def test_a_certificate_other_than_the_one_offered_never_connects(aio, room, server):
    def foreign(offer):
        return "\r\n".join(
            line if not line.startswith("a=fingerprint:sha-256") else line[:-5] + "00:00"
            for line in offer.split("\r\n")
        ).replace("a=fingerprint:sha-384", "a=x-384").replace("a=fingerprint:sha-512", "a=x-512")

    impostor, player = aio(), aio()
    assert impostor.publish(f"/whip/{room}", SIZE, change=foreign) == 201
    player.play(f"/whep/{room}")
    wait_until(lambda: player.state == "connected", "the player")
    # The server ends the impostor's session as soon as it has seen the certificate.
    wait_until(lambda: not impostor.has_session(), "the session's end")
    assert player.seen.frames == 0 and player.seen.sounds == 0


@pytest.mark.parametrize(
    "option, profile",
    [
        ("aes128-gcm", b"SRTP_AEAD_AES_128_GCM"),
        ("aes256-gcm", b"SRTP_AEAD_AES_256_GCM"),
        ("aes128-cm-sha1-80", b"SRTP_AES128_CM_SHA1_80"),
    ],
)
def test_media_flows_under_each_srtp_profile(start_server, aio, room, option, profile):
    server = start_server("--srtp-profiles", option)
    publisher, player = aio(at=server), aio(at=server)
    publisher.publish(f"/whip/{room}", SIZE)
    player.play(f"/whep/{room}")
    wait_for_media(player, SIZE)
    for client in [publisher, player]:
        assert client.transport()._ssl.get_selected_srtp_profile() == profile
