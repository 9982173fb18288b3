"""The programs of `Examples/` against the real server, judged by what others hear and see of them, and by what they write."""

import re
import subprocess

import pytest

from harness import recordings
from harness.backend import KEY, token
from harness.browser import wait_until
from harness.figures import remark
from harness.page import address, heard, seen
from test_native import behind_a_proxy, track


def test_the_echo_bot_sends_back_what_it_hears_and_sees(server, media_tool, example):
    bot = example(server, "EchoBot", "echo", "--as", "echo")
    assert bot.line() == "echoing in the room echo"
    media_tool(server, "beep", "echo", "--as", "ada", "--tone", 440, "--seconds", 20)
    assert bot.line() == "showing ada"
    summary = media_tool(server, "play", "echo", "--json", "--seconds", 5).summary()
    heard, seen = track(summary, "echo", "microphone"), track(summary, "echo", "camera")
    assert abs(heard["frequency"] - 440) <= 50 and heard["audibleMilliseconds"] > 3_500, heard
    # The numbers in the pictures are legible: they are ada's.
    theirs = track(summary, "ada", "camera")
    assert seen["frames"] > 75 and seen["width"] == 640 and seen["numberGaps"] <= 5, seen
    assert abs(seen["lastNumber"] - theirs["lastNumber"]) < 25, (seen, theirs)
    assert bot.interrupt() == ["left: disconnected(Martlet.ChangeReason.left)"]


@pytest.mark.parametrize("codec, ending", [("H264", "h264"), ("VP8", "ivf")])
def test_the_recorder_writes_what_ffmpeg_reads(server, media_tool, example, tmp_path, codec, ending):
    recorder = example(server, "Recorder", "studio", "--folder", tmp_path)
    assert recorder.line().startswith("recording the room studio")
    # Not all that an id may have is good in a file's name.
    status, _, error = media_tool(
        server, "beep", "studio", "--as", "..a;d a", "--codec", codec, "--tone", 440, "--seconds", 4
    ).finish()
    assert status == 0, error
    # Tracks end with their participant, and their files with them, while the recorder goes on.
    lines = sorted([recorder.line(), recorder.line()])
    assert recorder.interrupt() == []
    names = sorted(path.name for path in tmp_path.iterdir())
    assert [re.sub(r"TR_\d+", "N", name) for name in names] == [
        f"ada-camera-N.{ending}", "ada-microphone-N.aac"
    ]
    assert [line.split(":")[0] for line in lines] == names
    pictures, sound = (recordings.probe(tmp_path / name) for name in names)
    assert pictures["video"]["codec_name"] == codec.lower()
    assert int(pictures["video"]["nb_read_packets"]) > 85
    assert sound["audio"]["codec_name"] == "aac"
    # 21.3 ms each.
    assert 3.2 < int(sound["audio"]["nb_read_packets"]) * 1_024 / 48_000 < 4.5
    for name in names:
        assert recordings.complaints(tmp_path / name) == "", name


def test_the_broadcaster_plays_a_film_in_step(server, media_tool, example, tmp_path):
    film, music = tmp_path / "film.h264", tmp_path / "film.aac"
    subprocess.run(
        [
            "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2",
            "-f", "lavfi", "-i", "sine=frequency=523:sample_rate=44100:duration=2",
            "-map", "0:v", "-c:v", "libx264", "-profile:v", "baseline", "-g", "25", "-slices", "3",
            "-pix_fmt", "yuv420p", str(film), "-map", "1:a", "-c:a", "aac", str(music),
        ],
        check=True,
    )
    viewer = media_tool(server, "play", "cinema", "--json", "--seconds", 8)
    broadcaster = example(server, "FileBroadcaster", "cinema", "--as", "film", "--rounds", 3, film, music)
    first = broadcaster.line()
    # 2 s of 44.1 kHz in frames of 1,024, and what the encoder holds back.
    assert re.fullmatch(r"playing 50 pictures and (8[78]|89) pieces of sound", first), first
    lines = broadcaster.finish()
    assert sorted(lines) == ["the pictures are over", "the sound is over"]
    summary = viewer.summary()
    seen, heard = track(summary, "film", "camera"), track(summary, "film", "microphone")
    assert seen["width"] == 320 and 130 <= seen["frames"] <= 150, seen
    assert abs(heard["frequency"] - 523) <= 50 and 5_000 < heard["audibleMilliseconds"] < 6_500, heard


def test_the_broadcaster_plays_a_wav_file(server, media_tool, example, tmp_path):
    music = tmp_path / "music.wav"
    subprocess.run(
        [
            "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=523:sample_rate=22050:duration=2",
            "-c:a", "pcm_s16le", str(music),
        ],
        check=True,
    )
    viewer = media_tool(server, "play", "music", "--json", "--seconds", 5)
    broadcaster = example(server, "FileBroadcaster", "music", "--as", "wav", "--rounds", 2, music)
    assert broadcaster.line() == "playing 0 pictures and 2.0 seconds of samples"
    assert broadcaster.finish() == ["the sound is over"]
    heard = track(viewer.summary(), "wav", "microphone")
    assert abs(heard["frequency"] - 523) <= 50 and 3_300 < heard["audibleMilliseconds"] < 4_300, heard


def test_the_transcriber_hears_each_speaker_apart(server, media_tool, example):
    def speak(name, tone):
        return media_tool(server, "beep", "talk", "--as", name, "--tone", tone, "--seconds", 4, "--audio-only")

    # One who is there already, and one who comes.
    speakers = [speak("ada", 300)]
    wait_until(lambda: server.metrics()["martlet_tracks"] == 1, "somebody to speak")
    transcriber = example(server, "Transcriber", "talk", "--as", "scribe")
    assert transcriber.line() == "listening in the room talk"
    speakers.append(speak("bob", 700))
    for speaker in speakers:
        assert speaker.finish()[0] == 0
    lines = []
    while sum(line.endswith("is silent now") for line in lines) < 2:
        lines.append(transcriber.line())
    assert transcriber.interrupt() == ["left: disconnected(Martlet.ChangeReason.left)"]
    for name in ("ada", "bob"):
        said = [re.fullmatch(name + r": (\S+) s of speech, the last (\d+) samples at (\S+) dB", line) for line in lines]
        found = [(float(one[1]), int(one[2]), float(one[3])) for one in said if one]
        assert [one[0] for one in found] in ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]), lines
        assert all(one[1] == 16_000 for one in found)
        # A sine of 9,000 of 32,768 at its peak has 14.2 dB less than the loudest possible.
        assert all(abs(one[2] + 14.2) < 1 for one in found), found


def test_the_demo_goes_its_steps_in_order(server, example):
    calls = {name: example(server, "DemoFlow", "demo", "--as", name) for name in ("ada", "bob")}
    for name, other in (("ada", "bob"), ("bob", "ada")):
        lines = calls[name].finish()
        assert lines[0] == f"1 joined demo as {name}"
        steps = [int(line[0]) for line in lines]
        assert steps == sorted(steps), lines
        for source in ("camera", "microphone"):
            states = [line for line in lines if line.startswith(f"2 publishing the {source}:")]
            assert [line.split(": ")[1] for line in states] == ["0 -> 2", "2 -> 3"]
            states = [line for line in lines if line.startswith(f"4 subscribing to {other}'s {source}:")]
            assert [line.split(": ")[1] for line in states] == ["0 -> 2", "2 -> 3"], lines
        assert f"3 online: {other}" in lines
        assert f"5 data from {other}: hello from {other}" in lines
        assert f"6 with a picture of {other}: a picture of {other}" in lines
        assert lines[-1] == "7 left: left"


def test_browsers_hear_the_echo_bot_and_are_heard_by_the_transcriber_where_tokens_are_needed(
    start_server, participant, example
):
    server = start_server("--key", KEY, dev=False)

    def bot(name, identity):
        return example(server, name, "office", "--token", token(identity, "office"))

    transcriber = bot("Transcriber", "scribe")
    assert transcriber.line() == "listening in the room office"
    echo = bot("EchoBot", "echo")
    assert echo.line() == "echoing in the room office"
    page = participant(address(server, "office", "Ada", token=token("ada", "office")))
    assert echo.line() == "showing ada"
    # What the page sees and hears is its own camera and its own beeps: nobody else sends anything.
    streams = seen(page, 1)
    heard(page, 1)
    # Two who beep every half second: each is a second of speech after a while.
    said = set()
    while len(said) < 2:
        found = re.match(r"(ada|echo): 1\.\d+ s of speech, the last 1\d{4} samples at -\d", transcriber.line(25))
        if found:
            said.add(found[1])
    page.close()
    for one in (transcriber, echo):
        assert one.interrupt()[-1] == "left: disconnected(Martlet.ChangeReason.left)"
    remark(f"a page sees itself by way of the echo bot in {streams[0]['width']}x{streams[0]['height']}")


@pytest.mark.alone
def test_the_recorder_writes_whole_files_of_a_bad_network(
    start_server, impaired, media_tool, example, tmp_path
):
    server = behind_a_proxy(
        start_server, impaired, "--loss", "0.05", "--delay-ms", "20", "--jitter-ms", "20", seed=11
    )
    recorder = example(server, "Recorder", "studio", "--folder", tmp_path)
    assert recorder.line().startswith("recording the room studio")
    status, _, error = media_tool(
        server, "beep", "studio", "--as", "ada", "--codec", "H264", "--tone", 440, "--seconds", 5
    ).finish()
    assert status == 0, error
    recorder.line(), recorder.line()
    assert recorder.interrupt() == []
    files = sorted(tmp_path.iterdir())
    assert [path.suffix for path in files] == [".h264", ".aac"]
    for path in files:
        assert recordings.complaints(path) == "", path
    pictures, sound = (recordings.probe(path) for path in files)
    count = int(pictures["video"]["nb_read_packets"])
    seconds = int(sound["audio"]["nb_read_packets"]) * 1_024 / 48_000
    remark(f"the recorder, 5 % loss on both legs: {count} of 125 pictures, {seconds:.2f} s of sound in files")
    assert count > 100 and 4 < seconds < 6
