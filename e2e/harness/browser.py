"""Headless Chromium with a camera that counts frames and a microphone that beeps."""

import json
import os
import pathlib
import signal
import time

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
    # Pages in the background must go on like the one a person looks at.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]

OUTPUT = pathlib.Path(__file__).resolve().parents[1] / "output"


def launch(playwright, *arguments, executable=CHROMIUM):
    return playwright.chromium.launch(
        executable_path=executable, headless=True, args=ARGUMENTS + list(arguments)
    )


# Before the page's own code: every peer connection is kept, its negotiations counted, and, for tests with a
# lossy network, the server's candidates replaced by the proxy's address.
INSTRUMENT = """
(proxyPort => {
  const Original = window.RTCPeerConnection;
  window.testConnections = [];
  window.RTCPeerConnection = class extends Original {
    constructor(...options) {
      super(...options);
      this.testNegotiations = 0;
      window.testConnections.push(this);
    }
    async setRemoteDescription(description) {
      this.testNegotiations += 1;
      if (proxyPort && description && description.sdp) {
        let kept = false;
        const lines = description.sdp.split('\\r\\n').filter(line => {
          if (!line.startsWith('a=candidate:')) return true;
          if (kept || line.split(' ')[4] !== '127.0.0.1') return false;
          kept = true;
          return true;
        }).map(line => {
          if (!line.startsWith('a=candidate:')) return line;
          const parts = line.split(' ');
          parts[5] = String(proxyPort);
          return parts.join(' ');
        });
        description = {type: description.type, sdp: lines.join('\\r\\n')};
      }
      return super.setRemoteDescription(description);
    }
  };
  // From the join request to the first decoded picture, in milliseconds, in window.testFirstFrame.
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (typeof data === 'string' && /"type":"join"/.test(data.slice(0, 200))) {
      const started = performance.now();
      window.testFirstFrame = null;
      const look = async () => {
        for (const connection of window.testConnections) {
          for (const receiver of connection.getReceivers()) {
            if (receiver.track.kind !== 'video') continue;
            const report = await receiver.getStats();
            for (const entry of report.values()) {
              if (entry.type === 'inbound-rtp' && entry.framesDecoded > 0) {
                window.testFirstFrame = performance.now() - started;
                return;
              }
            }
          }
        }
        if (performance.now() - started < 20000) setTimeout(look, 10);
      };
      look();
    }
    return send.call(this, data);
  };
  for (const name of Object.getOwnPropertyNames(Original)) {
    if (!(name in window.RTCPeerConnection)) window.RTCPeerConnection[name] = Original[name];
  }
})(%s);
"""

STATISTICS = """async () => {
  const result = {video: [], audio: [], sent: [], transport: null, codecs: {}};
  for (const connection of window.testConnections) {
    if (connection.connectionState === 'closed') continue;
    const mids = {};
    for (const transceiver of connection.getTransceivers()) {
      mids[transceiver.receiver.track.id] = transceiver.mid;
    }
    const report = await connection.getStats();
    report.forEach(entry => {
      if (entry.type === 'codec') result.codecs[entry.id] = entry.mimeType;
    });
    report.forEach(entry => {
      if (entry.type === 'inbound-rtp') {
        result[entry.kind].push({
          mid: entry.mid, packets: entry.packetsReceived, lost: entry.packetsLost,
          repaired: entry.retransmittedPacketsReceived || 0, frames: entry.framesDecoded || 0,
          width: entry.frameWidth || 0, height: entry.frameHeight || 0, nacks: entry.nackCount || 0,
          plis: entry.pliCount || 0, energy: entry.totalAudioEnergy || 0,
          concealed: entry.concealedSamples || 0, samples: entry.totalSamplesReceived || 0,
          playout: entry.estimatedPlayoutTimestamp || 0, freezes: entry.freezeCount || 0,
          freezeTime: entry.totalFreezesDuration || 0, bytes: entry.bytesReceived,
          jitterDelay: entry.jitterBufferDelay || 0, emitted: entry.jitterBufferEmittedCount || 0,
          target: entry.jitterBufferTargetDelay || 0, minimum: entry.jitterBufferMinimumDelay || 0,
          codec: result.codecs[entry.codecId] || null, at: entry.timestamp,
        });
      } else if (entry.type === 'outbound-rtp') {
        result.sent.push({
          kind: entry.kind, mid: entry.mid, rid: entry.rid || '', packets: entry.packetsSent,
          bytes: entry.bytesSent, frames: entry.framesEncoded || 0, nacks: entry.nackCount || 0,
          repaired: entry.retransmittedPacketsSent || 0, width: entry.frameWidth || 0,
          height: entry.frameHeight || 0, target: entry.targetBitrate || 0,
          codec: result.codecs[entry.codecId] || null,
        });
      } else if (entry.type === 'transport') {
        result.transport = {dtls: entry.dtlsState, cipher: entry.srtpCipher, tls: entry.tlsVersion};
      }
    });
  }
  return result;
}"""


class Participant:
    """One browser context with the page open in it."""

    def __init__(self, browser, proxy_port=None, **context_options):
        self.context = browser.new_context(**context_options)
        self.context.grant_permissions(["camera", "microphone"])
        self.page = self.context.new_page()
        self.messages = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(f"error: {error}"))
        self.page.add_init_script(INSTRUMENT % json.dumps(proxy_port))

    def open(self, url):
        self.page.goto(url)
        return self

    def statistics(self):
        return self.page.evaluate(STATISTICS)

    def negotiations(self):
        """How often this page's peer connections took a remote description, in all."""
        return self.page.evaluate(
            "() => window.testConnections.reduce((sum, one) => sum + one.testNegotiations, 0)"
        )

    def screenshot(self, name):
        OUTPUT.mkdir(exist_ok=True)
        path = OUTPUT / f"{name}.png"
        self.page.screenshot(path=str(path))
        return path

    def close(self):
        self.context.close()


def wait_until(condition, what, seconds=20, every=0.1):
    """Waits for `condition()` to give something true and returns it with the seconds it took."""
    started = time.monotonic()
    last = None
    while time.monotonic() - started < seconds:
        last = condition()
        if last:
            return last, time.monotonic() - started
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what} (last seen: {last!r})")


def srtp_cipher(transport):
    """The SRTP profile that a transport's statistics name, as RFC 5764 and 7714 do: Chromium's names have changed."""
    return transport["cipher"].removeprefix("SRTP_").replace("AES_CM_128", "AES128_CM")


def frame_rate(before, after):
    """Frames decoded a second between two statistics of one stream, by the browser's own clock."""
    seconds = (after["at"] - before["at"]) / 1000
    return (after["frames"] - before["frames"]) / seconds if seconds > 0 else 0


def live(streams, key, before=None):
    """The streams of a statistics list whose `key` has risen since `before` (or is above zero)."""
    old = {stream["mid"]: stream[key] for stream in before or []}
    return [stream for stream in streams if stream[key] > old.get(stream["mid"], 0)]


def kill(browser):
    """Ends a browser of ours as the power going out would: its processes, by their own ids, at once."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    main = [process["id"] for process in processes if process["type"] == "browser"]
    others = [process["id"] for process in processes if process["type"] != "browser"]
    for identifier in main + others:
        try:
            os.kill(int(identifier), signal.SIGKILL)
        except ProcessLookupError:
            pass
