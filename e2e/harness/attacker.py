"""Datagrams nobody should send, and the few honest ones needed to get them past the first checks."""

import os
import socket
import struct
import time

from aioice import stun
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import SRTP_PROFILES
from OpenSSL import SSL

from harness.offers import FINGERPRINT, attribute, offer

# How many datagrams a second are sent at most: this is not about floods.
RATE = 4000


def client_hello():
    """The first flight of a DTLS client, as OpenSSL writes it."""
    certificate = RTCCertificate.generateCertificate()
    connection = SSL.Connection(certificate._create_ssl_context(SRTP_PROFILES), None)
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        pass
    return connection.bio_read(4096)


def binding_request(username, password, nominate=True):
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = username
    message.attributes["PRIORITY"] = 0x6E7F1EFF
    message.attributes["ICE-CONTROLLING"] = 0x0102030405060708
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


def rtp(payload=b"\x90\x80\x80\x01" + b"v" * 60, payload_type=96, sequence=1, ssrc=0x11223344):
    """A video packet with one header extension, the section's name."""
    extension = struct.pack("!HH", 0xBEDE, 1) + bytes([0x40, ord("1"), 0, 0])
    head = struct.pack("!BBHII", 0x90, payload_type, sequence & 0xFFFF, 90000, ssrc)
    return head + extension + payload


def rtcp(ssrc=0x11223344):
    """A compound of one of each: SR with a block, SDES, NACK, PLI, FIR, REMB, transport feedback, BYE."""
    block = struct.pack("!IIIIII", 0x55667788, 0x01000001, 70000, 5, 0x12345678, 65536)
    parts = [
        struct.pack("!BBHIIIIII", 0x81, 200, 12, ssrc, 1, 2, 90000, 10, 1000) + block,
        struct.pack("!BBHI", 0x81, 202, 3, ssrc) + b"\x01\x04nobo\x00\x00",
        struct.pack("!BBHIIHH", 0x81, 205, 3, ssrc, 0x55667788, 7, 0xFFFF),
        struct.pack("!BBHII", 0x81, 206, 2, ssrc, 0x55667788),
        struct.pack("!BBHIIIBBH", 0x84, 206, 4, ssrc, 0, 0x55667788, 1, 0, 0),
        struct.pack("!BBHII", 0x8F, 206, 5, ssrc, 0) + b"REMB" + b"\x01\x0b\xff\xff\x55\x66\x77\x88",
        struct.pack("!BBHIIHHI", 0x8F, 205, 5, ssrc, 0x55667788, 1, 2, 0x000001_00)
        + struct.pack("!HBB", 0x2002, 4, 8),
        struct.pack("!BBHI", 0x81, 203, 1, ssrc),
    ]
    return b"".join(parts)


def mutations(sample):
    """Every truncation of a sample, and the sample with every single bit changed."""
    for count in range(len(sample)):
        yield sample[:count]
    for index in range(len(sample)):
        for bit in range(8):
            yield sample[:index] + bytes([sample[index] ^ (1 << bit)]) + sample[index + 1 :]


def paced(datagrams, send):
    """Sends datagrams no faster than `RATE`; gives how many."""
    started, count = time.monotonic(), 0
    for datagram in datagrams:
        send(datagram)
        count += 1
        if count % 20 == 0:
            time.sleep(max(0, count / RATE - (time.monotonic() - started)))
    return count


class Outsider:
    """A UDP socket that the server knows nothing of."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", server.udp_port))

    def send(self, datagram):
        self.socket.send(datagram)

    def answers(self, seconds=0.3):
        """Everything that comes back until it is quiet for that long."""
        self.socket.settimeout(seconds)
        found = []
        try:
            while True:
                found.append(self.socket.recv(4096))
        except (TimeoutError, ConnectionError):
            return found

    def close(self):
        self.socket.close()


class Insider(Outsider):
    """One who has a WHIP session and a checked path, and may go on to a real handshake."""

    def __init__(self, server, room):
        super().__init__(server)
        self.certificate = RTCCertificate.generateCertificate()
        prints = {one.algorithm: one.value for one in self.certificate.getFingerprints()}
        status, headers, answer = server.request(
            "POST",
            f"/whip/{room}",
            offer(ufrag="hack", password="h" * 24).replace(FINGERPRINT, prints["sha-256"]),
            {"Content-Type": "application/sdp"},
        )
        assert status == 201, answer
        self.location = headers["Location"]
        self.username = attribute(answer.decode(), "ice-ufrag") + ":hack"
        self.password = attribute(answer.decode(), "ice-pwd")

    def check(self):
        """Connectivity checks until one is answered; whether one was."""
        for _ in range(10):
            self.send(binding_request(self.username, self.password))
            for one in self.answers():
                # Handshake messages may still be under way.
                if one[0] < 4 and stun.parse_message(one).message_class == stun.Class.RESPONSE:
                    return True
        return False

    def handshake(self, seconds=5):
        """A real DTLS handshake; whether it came to its end."""
        connection = SSL.Connection(self.certificate._create_ssl_context(SRTP_PROFILES), None)
        connection.set_connect_state()
        deadline = time.monotonic() + seconds
        self.socket.settimeout(0.2)
        while time.monotonic() < deadline:
            try:
                connection.do_handshake()
                return True
            except SSL.WantReadError:
                pass
            except SSL.Error:
                return False
            try:
                while True:
                    self.send(connection.bio_read(4096))
            except SSL.WantReadError:
                pass
            try:
                datagram = self.socket.recv(4096)
                if 20 <= datagram[0] <= 63:
                    connection.bio_write(datagram)
            except TimeoutError:
                connection.DTLSv1_handle_timeout()
        return False


def noise(count, size=200):
    """Random datagrams with first bytes of every protocol."""
    for index in range(count):
        yield bytes([index % 256]) + os.urandom(size)
