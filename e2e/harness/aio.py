"""aiortc as a WHIP publisher and a WHEP player: WebRTC that shares no code with any browser."""

import asyncio
import fractions
import math
import threading
import time
from array import array

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

SAMPLE_RATE = 48000
SAMPLES = 960


class Picture(MediaStreamTrack):
    """One colour, its brightness moving slowly up and down, at 15 frames a second."""

    kind = "video"

    def __init__(self, width, height):
        super().__init__()
        self.width, self.height = width, height
        self.count = 0
        self.started = None

    async def recv(self):
        self.started = self.started or time.monotonic()
        await asyncio.sleep(max(0, self.started + self.count / 15 - time.monotonic()))
        frame = av.VideoFrame(self.width, self.height, "yuv420p")
        bright = 128 + int(60 * math.sin(self.count / 10))
        for plane, value in zip(frame.planes, (bright, 90, 170)):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = self.count * 6000, fractions.Fraction(1, 90000)
        self.count += 1
        return frame


class Tone(MediaStreamTrack):
    """A sine of 440 Hz."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.count = 0
        self.started = None

    async def recv(self):
        self.started = self.started or time.monotonic()
        due = self.started + self.count * SAMPLES / SAMPLE_RATE
        await asyncio.sleep(max(0, due - time.monotonic()))
        first = self.count * SAMPLES
        wave = (
            int(8000 * math.sin(2 * math.pi * 440 * sample / SAMPLE_RATE))
            for sample in range(first, first + SAMPLES)
        )
        frame = av.AudioFrame("s16", "mono", SAMPLES)
        frame.planes[0].update(array("h", wave).tobytes())
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = first, fractions.Fraction(1, SAMPLE_RATE)
        self.count += 1
        return frame


class Seen:
    """What a player has decoded."""

    def __init__(self):
        self.frames = 0
        self.sizes = set()
        self.colour = None
        self.sounds = 0
        self.energy = 0.0
        self.crossings = 0
        self.heard_samples = 0
        self.first_frame = None
        self.started = time.monotonic()

    async def watch(self, track):
        try:
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    self.first_frame = self.first_frame or time.monotonic() - self.started
                    self.frames += 1
                    self.sizes.add((frame.width, frame.height))
                    planes = frame.reformat(format="yuv420p").planes
                    self.colour = tuple(bytes(plane)[plane.buffer_size // 2] for plane in planes[1:])
                else:
                    self.listen(frame)
        except Exception:
            # The track has ended: what was seen stays.
            return

    def listen(self, frame):
        samples = array("h", bytes(frame.planes[0]))[:: len(frame.layout.channels)]
        samples = samples[: frame.samples]
        self.sounds += 1
        energy = sum(one * one for one in samples) / max(len(samples), 1) / 32768**2
        self.energy += energy
        if energy > 1e-4:
            self.crossings += sum(1 for a, b in zip(samples, samples[1:]) if (a < 0) != (b < 0))
            self.heard_samples += len(samples)

    @property
    def pitch(self):
        """The frequency of what was heard, in hertz."""
        return self.crossings / 2 * SAMPLE_RATE / max(self.heard_samples, 1)


class AioClient:
    """One peer connection of aiortc. Its event loop runs in a thread of its own, beside the browser's."""

    loop = None

    @classmethod
    def run(cls, coroutine, seconds=20):
        if cls.loop is None:
            cls.loop = asyncio.new_event_loop()
            threading.Thread(target=cls.loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(coroutine, cls.loop).result(seconds)

    def __init__(self, server, certificate=None):
        self.server = server
        self.seen = Seen()
        self.certificate = certificate
        self.connection = self.run(self._make())
        self.location = None

    async def _make(self):
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if self.certificate:
            # There is no public way to bring one's own.
            connection._RTCPeerConnection__certificates = [self.certificate]
        connection.on("track", lambda track: asyncio.ensure_future(self.seen.watch(track)))
        return connection

    def publish(self, path, size=(320, 240), codec=None, change=lambda offer: offer):
        async def add():
            self.connection.addTransceiver(Tone(), direction="sendonly")
            video = self.connection.addTransceiver(Picture(*size), direction="sendonly")
            if codec:
                all_codecs = RTCRtpSender.getCapabilities("video").codecs
                video.setCodecPreferences(
                    [one for one in all_codecs if one.mimeType.lower() == f"video/{codec}".lower()]
                )

        self.run(add())
        return self._post(path, change)

    def play(self, path):
        async def add():
            self.connection.addTransceiver("audio", direction="recvonly")
            self.connection.addTransceiver("video", direction="recvonly")

        self.run(add())
        return self._post(path)

    def _post(self, path, change=lambda offer: offer):
        async def offer():
            await self.connection.setLocalDescription(await self.connection.createOffer())
            return self.connection.localDescription.sdp

        self.offer = change(self.run(offer()))
        self.seen.started = time.monotonic()
        status, headers, body = self.server.request(
            "POST", path, self.offer, {"Content-Type": "application/sdp"}
        )
        if status != 201:
            return status
        self.location, self.etag = headers["Location"], headers["ETag"]
        self.answer = body.decode()
        answer = RTCSessionDescription(type="answer", sdp=self.answer)
        self.run(self.connection.setRemoteDescription(answer))
        return status

    @property
    def state(self):
        return self.connection.connectionState

    def sent(self):
        """Packets sent so far."""

        async def count():
            reports = await self.connection.getStats()
            return sum(one.packetsSent for one in reports.values() if one.type == "outbound-rtp")

        return self.run(count())

    def round_trip(self):
        """What the server's receiver reports told: (round trip in seconds or None, fraction lost)."""

        async def find():
            reports = await self.connection.getStats()
            return [
                (one.roundTripTime, one.fractionLost)
                for one in reports.values()
                if one.type == "remote-inbound-rtp"
            ]

        return self.run(find())

    def has_session(self):
        """Whether the server still knows the session, asked without ending it."""
        status, _, _ = self.server.request(
            "PATCH",
            self.location,
            "a=end-of-candidates\r\n",
            {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": self.etag},
        )
        return status == 204

    def transport(self):
        """The DTLS transport of the bundle."""
        return self.connection.getTransceivers()[0].sender.transport

    def close(self):
        self.run(self.connection.close())
