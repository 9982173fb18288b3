"""The native SDK against the real server and Chromium: what is pushed arrives, both ways, in step."""

import json
import re
import signal
import time

import pytest

from harness.browser import wait_until
from harness.figures import remark
from harness.page import address

pytestmark = pytest.mark.alone

# What the page shows of numbered pictures: sixteen blocks in the upper tenth, between a white and a black one.
NUMBERS = """() => {
  const found = [];
  for (const video of document.querySelectorAll('video')) {
    if (!video.videoWidth) continue;
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0);
    const cell = Math.floor(canvas.width / 18);
    const row = Math.floor(canvas.height / 20);
    const light = index => context.getImageData(
      index * cell + Math.floor(cell / 2), row, 1, 1).data[1] > 125;
    if (!light(0) || light(17)) continue;
    let number = 0;
    for (let index = 1; index <= 16; index += 1) number = number * 2 + (light(index) ? 1 : 0);
    found.push({number, width: canvas.width, height: canvas.height});
  }
  return found;
}"""

# The loudest frequency of what the page hears, in hertz, of each audio receiver that hears anything.
TONES = """async () => {
  const context = window.testAudio = window.testAudio || new AudioContext();
  await context.resume();
  const tones = [];
  for (const connection of window.testConnections) {
    for (const receiver of connection.getReceivers()) {
      if (receiver.track.kind !== 'audio' || receiver.track.readyState !== 'live') continue;
      const analyser = context.createAnalyser();
      analyser.fftSize = 16384;
      analyser.smoothingTimeConstant = 0;
      const source = context.createMediaStreamSource(new MediaStream([receiver.track]));
      source.connect(analyser);
      await new Promise(resolve => setTimeout(resolve, 500));
      const levels = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(levels);
      source.disconnect();
      let best = 0;
      levels.forEach((level, bin) => { if (level > levels[best]) best = bin; });
      if (levels[best] > -60) tones.push(best * context.sampleRate / analyser.fftSize);
    }
  }
  return tones;
}"""


def track(summary, participant, source):
    """What was received of one track."""
    found = [
        one for one in summary["tracks"]
        if one["source"] == source and one["participant"] == participant
    ]
    assert found, f"nothing of {participant}'s {source}: {summary}"
    return found[0]


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_O06_I02_pictures_and_sound_both_ways_with_chromium(server, participant, media_tool, codec):
    page = participant(address(server, "native", "Ada"))
    bot = media_tool(
        server, "beep", "native", "--as", "bot", "--codec", codec, "--tone", 440, "--seconds", 30
    )
    viewer = media_tool(server, "play", "native", "--as", "viewer", "--json", "--seconds", 9)

    def numbers():
        return page.page.evaluate(NUMBERS)

    first, _ = wait_until(numbers, "numbered pictures in the page")
    assert (first[0]["width"], first[0]["height"]) == (640, 360)
    started = time.monotonic()
    seen = []
    while time.monotonic() - started < 2:
        seen += [one["number"] for one in numbers()]
        time.sleep(0.02)
    elapsed = time.monotonic() - started
    page.screenshot(f"native-{codec.lower()}")
    # 25 pictures a second, each once and in order.
    assert sorted(seen) == seen
    assert 0.8 * 25 * elapsed <= seen[-1] - seen[0] <= 1.2 * 25 * elapsed
    tones = page.page.evaluate(TONES)
    assert any(abs(tone - 440) < 6 for tone in tones), tones
    assert any("video/" + codec in one["codec"] for one in page.statistics()["video"] if one["frames"])

    summary = viewer.summary()
    ada = [one["participant"] for one in summary["tracks"] if one["participant"] not in ("bot",)][0]
    camera = track(summary, ada, "camera")
    # Chromium's camera, whole: the browser SDK's default size.
    assert camera["frames"] > 100 and camera["width"] * 9 == camera["height"] * 16, camera
    microphone = track(summary, ada, "microphone")
    # Its microphone beeps: some of the time, and not as noise.
    assert 0.02 * microphone["milliseconds"] < microphone["audibleMilliseconds"], microphone
    assert microphone["audibleMilliseconds"] < 0.9 * microphone["milliseconds"], microphone
    assert microphone["milliseconds"] > 5_000
    mine = track(summary, "bot", "camera")
    assert mine["frames"] > 130 and mine["numberGaps"] <= 2, mine
    heard = track(summary, "bot", "microphone")
    assert abs(heard["frequency"] - 440) <= 50 and heard["audibleMilliseconds"] > 5_000, heard
    # Mixed sound comes each 10 ms, from joining to leaving.
    assert summary["mixedMilliseconds"] > 8_500
    remark(
        f"native with Chromium, {codec}: {camera['frames']} pictures of its camera "
        f"({camera['width']}x{camera['height']}), {seen[-1] - seen[0]} numbers in {elapsed:.1f} s, tones {tones}"
    )
    bot.stop()


def test_D19_D24_bytes_go_with_pictures_both_ways_with_chromium(server, person, participant, media_tool):
    ada = person(server, "ada").join("seen", pictureMetadata=True, videoCodec="h264")
    ada.run("{ window.mine = await room.publishTrack(sessions.canvas(640, 360, 30), 'camera'); }")
    eve = person(server, "eve").join("seen", pictureMetadata=True)
    bot = media_tool(
        server, "beep", "seen", "--as", "bot", "--codec", "H264", "--metadata", "--seconds", 20
    )
    viewer = media_tool(server, "play", "seen", "--as", "viewer", "--json", "--seconds", 4)
    for one in (ada, eve):
        one.wait("metadataReceived", participant="bot")
    # Zeros look like start codes, and are told apart all the same.
    sent = [f"ada {number} \0\0\0\1" for number in range(20)]
    for text in sent:
        ada.run("mine.sendMetadata(argument, { repeats: 3 })", text)
        time.sleep(0.12)
    assert ada.refused("mine.sendMetadata('')") == 1004
    assert eve.refused("(await room.publishTrack(sessions.canvas(), 'camera')).sendMetadata('a')") == 1004
    # Under the policy of the server's own page, too.
    page = participant(server.url)
    state = page.page.evaluate(
        """async () => {
          const { Room } = await import('/martlet.js');
          window.room = new Room();
          await room.join({ room: 'seen', pictureMetadata: true });
          return room.connectionState;
        }"""
    )
    assert state == "connected"

    def told(one, who):
        return [event["data"] for event in one.events(0, "metadataReceived") if event["participant"] == who]

    heard = viewer.summary()["metadata"]["ada"]
    assert len(heard) >= 10 and heard == sent[sent.index(heard[0]):][:len(heard)]
    assert told(eve, "ada") == sent
    for one in (ada, eve):
        numbers = [int(text.removeprefix("beep ")) for text in told(one, "bot")]
        assert len(numbers) >= 5 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        # Pictures go on as ever.
        assert one.longest_gap("bot", time.time() - 2, time.time())[0] < 0.6
    bot.stop()


def test_O06_chromium_shows_pictures_of_vp9(server, participant, media_tool):
    page = participant(address(server, "later", "Ada", camera=0, microphone=0))
    bot = media_tool(server, "beep", "later", "--as", "bot", "--codec", "VP9", "--seconds", 20)
    wait_until(lambda: page.page.evaluate(NUMBERS), "numbered pictures in the page")
    started = time.monotonic()
    seen = []
    while time.monotonic() - started < 1.5:
        seen += [one["number"] for one in page.page.evaluate(NUMBERS)]
        time.sleep(0.02)
    elapsed = time.monotonic() - started
    assert sorted(seen) == seen and 0.8 * 25 * elapsed <= seen[-1] - seen[0] <= 1.2 * 25 * elapsed
    picture = [one for one in page.statistics()["video"] if one["frames"]][0]
    assert picture["codec"] == "video/VP9" and picture["freezes"] == 0 and picture["lost"] == 0
    bot.stop()


def test_O02_mixed_sound_is_steady_where_nobody_is(server, media_tool):
    summary = media_tool(server, "play", "alone", "--json", "--seconds", 3).summary()
    assert 2_900 <= summary["mixedMilliseconds"] <= 3_200
    assert summary["tracks"] == []


def test_several_who_listen_end_when_their_time_is_over(server, media_tool):
    tool = media_tool(server, "beep", "bots", "--audio-only", "--count", 3, "--listens", "--seconds", 1)
    status, out, error = tool.finish(20)
    assert status == 0 and "3 in the room bots" in out, (out, error)
    assert "3 participants: " in out.splitlines()[-1], out


def test_Y01_beep_and_flash_come_together(server, media_tool):
    bot = media_tool(server, "beep", "step", "--as", "bot", "--seconds", 20)
    summary = media_tool(server, "play", "step", "--json", "--seconds", 10).summary()
    bot.stop()
    stamps, arrivals = summary["skewByTimestamp"], summary["skewByArrival"]
    assert len(stamps) >= 6
    frame = 1_000 / 25
    assert max(map(abs, stamps)) <= frame, stamps
    # As it is handed out a busy machine may be late once.
    assert sorted(map(abs, arrivals))[len(arrivals) // 2] <= frame, arrivals
    remark(f"beep after flash, bot to bot: {stamps} ms by capture, {[round(one) for one in arrivals]} as handed out")


def behind_a_proxy(start_server, impaired, *options, seed):
    """A server that tells the proxy's address in place of its own: whoever joins, joins through the proxy."""
    server = start_server("--public-address", "127.0.0.2")
    impaired(server, *options, seed=seed, listen=f"127.0.0.2:{server.udp_port}")
    return server


def test_Y01_loss_and_jitter_keep_the_step(start_server, impaired, media_tool):
    server = behind_a_proxy(
        start_server, impaired, "--loss", "0.05", "--delay-ms", "20", "--jitter-ms", "50", seed=5
    )
    bot = media_tool(server, "beep", "lossy", "--as", "bot", "--seconds", 40)
    summary = media_tool(server, "play", "lossy", "--json", "--seconds", 20).summary()
    bot.stop()
    camera, microphone = track(summary, "bot", "camera"), track(summary, "bot", "microphone")
    stamps = sorted(map(abs, summary["skewByTimestamp"]))
    arrivals = sorted(map(abs, summary["skewByArrival"]))
    remark(
        f"5 % loss and 50 ms jitter on both legs, bot to bot: {camera['frames']} of {25 * 19} pictures, "
        f"{camera['numberGaps']} gaps; beep after flash {stamps} ms by capture, {[round(one) for one in arrivals]} as handed out"
    )
    assert camera["frames"] > 25 * 17, camera
    assert microphone["milliseconds"] > 18_000, microphone
    frame = 1_000 / 25
    assert stamps[len(stamps) // 2] <= frame and arrivals[len(arrivals) // 2] <= 1.5 * frame


def test_B14_B21_a_server_that_is_killed_and_comes_back_is_joined_again(server, media_tool):
    bot = media_tool(server, "beep", "again", "--as", "bot", "--seconds", 60)
    viewer = media_tool(server, "play", "again", "--seconds", 16)
    time.sleep(4)
    server.stop(signal.SIGKILL)
    time.sleep(1)
    server.start()
    status, out, error = viewer.finish()
    assert status == 0, error
    # A line a second: how many pictures of each of the bot's tracks came; a new session has new tracks.
    lines = [[int(one) for one in re.findall(r"(\d+) pictures", line)] for line in out.splitlines()[:-1]]
    summary = json.loads(out.splitlines()[-1])
    cameras = [one for one in summary["tracks"] if one["source"] == "camera"]
    assert len(cameras) == 2 and all(one["frames"] > 40 for one in cameras), (cameras, lines)
    still = sum(1 for left, right in zip(lines, lines[1:]) if sum(left) == sum(right))
    remark(f"native, server killed and started again after 1 s: pictures stood still in {still} of {len(lines)} seconds")
    assert still <= 6, lines
    bot.stop()


def test_C28_C29_what_cannot_be_joined_says_why(start_server, media_tool):
    server = start_server("--key", "main=" + "k" * 32, dev=False)
    status, _, error = media_tool(server, "play", "closed", "--seconds", 1).finish()
    assert status != 0 and "2000" in error and "token" in error, error
    status, _, error = media_tool(
        server, "play", "closed", "--seconds", 1, "--key", "main=" + "x" * 32
    ).finish()
    assert status != 0 and "2004" in error, error
    status, _, error = media_tool(
        server, "play", "open", "--seconds", 1, environment={"MARTLET_KEY": "main=" + "k" * 32}
    ).finish()
    assert status == 0, error
    server.stop()
    status, _, error = media_tool(server, "play", "gone", "--seconds", 1).finish()
    assert status != 0 and "6000" in error, error
