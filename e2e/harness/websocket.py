"""A WebSocket client that does only what it is told: frames can be broken on purpose."""

import base64
import json
import os
import socket
import struct
import time

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class RawSocket:
    """A TCP connection to the server's HTTP port."""

    def __init__(self, server, receive_buffer=None, timeout=5):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", server.http_port))

    def send(self, data):
        self.socket.sendall(data)

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError(f"closed after {len(data)} of {count} bytes")
            data += part
        return data

    def is_closed(self, seconds):
        """Whether the server closes the connection within that time; what it still says is thrown away."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                if not self.socket.recv(65536):
                    return True
            except TimeoutError:
                return False
            except OSError:
                return True
        return False

    def close(self):
        self.socket.close()


class WebSocket(RawSocket):
    """One connection to `/v1/signal`."""

    def __init__(self, server, **options):
        super().__init__(server, **options)
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(
            (
                f"GET /v1/signal HTTP/1.1\r\nHost: {server.http_port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            ).encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.read(1)
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head.decode())

    def send_frame(self, opcode, data, final=True, declared=None):
        """Sends a masked frame, which may declare more than it holds."""
        count = len(data) if declared is None else declared
        head = bytes([(0x80 if final else 0) | opcode])
        if count < 126:
            head += bytes([0x80 | count])
        elif count < 65536:
            head += bytes([0x80 | 126]) + struct.pack("!H", count)
        else:
            head += bytes([0x80 | 127]) + struct.pack("!Q", count)
        # A mask of zeros leaves the data as it is.
        self.send(head + bytes(4) + data)

    def send_message(self, message):
        text = message if isinstance(message, str) else json.dumps(message)
        self.send_frame(TEXT, text.encode())

    def read_frame(self):
        first, second = self.read(2)
        count = second & 0x7F
        if count == 126:
            (count,) = struct.unpack("!H", self.read(2))
        elif count == 127:
            (count,) = struct.unpack("!Q", self.read(8))
        return first & 0x0F, self.read(count)

    def next(self, kind=None, seconds=5):
        """The next message, or the next of a type; pings are answered."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.01))
            opcode, data = self.read_frame()
            if opcode == CLOSE:
                raise ConnectionError(f"closed with {struct.unpack('!H', data[:2])[0]}")
            if opcode != TEXT:
                continue
            message = json.loads(data)
            if message["type"] == "ping":
                self.send_message({"type": "pong"})
            elif kind in (None, message["type"]):
                return message
        raise TimeoutError(f"no {kind}")

    def close_code(self, seconds=5):
        """The code of the close frame that comes, whatever comes before it; `None` if there is none."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                self.socket.settimeout(max(deadline - time.monotonic(), 0.01))
                opcode, data = self.read_frame()
                if opcode == CLOSE:
                    return struct.unpack("!H", data[:2])[0]
        except OSError:
            pass
        return None

    def join(self, room, participant, offer, **more):
        self.send_message(
            {
                "type": "join",
                "id": 1,
                "room": room,
                "participant": participant,
                "offer": {"sdp": offer},
                **more,
            }
        )
        return self.next()
