"""`martlet-media publish` and `record`: files into calls and calls into files, judged by Chromium and FFmpeg."""

import os
import pathlib
import subprocess
import time

import pytest

from harness import recordings
from harness.browser import frame_rate, wait_until
from harness.figures import remark
from harness.page import address
from harness.server import free_port
from test_native import TONES, behind_a_proxy


def make(path, *options):
    """A file of eight seconds with a moving picture and a tone of 523 Hz."""
    subprocess.run(
        [
            "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25",
            "-f", "lavfi", "-i", "sine=frequency=523:sample_rate=44100", "-t", "8", *options,
            str(path),
        ],
        check=True,
    )
    return path


BASELINE = ("-c:v", "libx264", "-profile:v", "baseline", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac")
# How long the recordings are in which flash and beep are compared, in seconds; 60 for the whole of it.
IN_STEP_SECONDS = int(os.environ.get("MARTLET_SKEW_SECONDS", "12"))
REORDERED = ("-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "libopus")


@pytest.mark.parametrize(
    "name, options, codec",
    [("through.mp4", BASELINE, "video/H264"), ("anew.mkv", REORDERED, "video/VP8")],
)
def test_a_file_plays_in_chromium(server, participant, media_tool, tmp_path, name, options, codec):
    path = make(tmp_path / name, *options)
    page = participant(address(server, "cinema", "Ada", camera=0, microphone=0))
    tool = media_tool(server, "publish", "cinema", path, "--as", "file", "--loop", "--seconds", 11)

    def playing():
        return [one for one in page.statistics()["video"] if one["frames"] > 0]

    wait_until(playing, "the file's pictures in the page")
    tones = page.page.evaluate(TONES)

    def steady():
        before = playing()[0]
        time.sleep(2)
        return 0.85 * 25 <= frame_rate(before, playing()[0]) <= 1.15 * 25

    # A machine that has other things to do may be behind for a moment.
    wait_until(steady, "25 pictures a second", seconds=7)
    page.screenshot(f"published-{name.split('.')[0]}")
    after = playing()[0]
    assert after["codec"] == codec and (after["width"], after["height"]) == (640, 360)
    assert any(abs(tone - 523) < 6 for tone in tones), tones
    status, out, error = tool.finish()
    assert status == 0, error
    assert "kbit/s" in out and "00:00:0" in out, out
    assert ("passed through" if name == "through.mp4" else "encoded anew") in out.splitlines()[0]


def test_O07_chromium_shows_files_of_vp9_and_av1_as_they_are(server, participant, media_tool, tmp_path):
    files = []
    for name, encoder in [("vp9", "libvpx-vp9"), ("av1", "libaom-av1")]:
        files.append(tmp_path / f"{name}.webm")
        subprocess.run(
            [
                "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t", "1",
                "-pix_fmt", "yuv420p", "-c:v", encoder, "-cpu-used", "8", "-b:v", "400k", str(files[-1]),
            ],
            check=True,
        )
    page = participant(address(server, "later", "Ada", camera=0, microphone=0))
    tools = [media_tool(server, "publish", "later", file, "--loop", "--as", file.stem) for file in files]

    def playing():
        found = {one["codec"]: one for one in page.statistics()["video"] if one["frames"] > 20}
        return found if len(found) == 2 else None

    found, _ = wait_until(playing, "both files in the page")
    assert set(found) == {"video/VP9", "video/AV1"}
    assert all((one["width"], one["height"]) == (320, 180) for one in found.values())
    for tool in tools:
        tool.stop()
        assert "passed through" in tool.output.splitlines()[0], tool.output


def happening(port, seconds):
    """A source that happens now: FFmpeg as a server of RTMP, for who comes first."""
    address = f"rtmp://127.0.0.1:{port}/live/stage"
    process = subprocess.Popen(
        [
            "ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25",
            "-f", "lavfi", "-i", "sine=frequency=523:sample_rate=44100", "-t", str(seconds), *BASELINE,
            "-f", "flv", "-flvflags", "no_duration_filesize", "-listen", "1", address,
        ]
    )

    def listens():
        # A connection to find out would be the only one that it takes.
        lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in lines)

    wait_until(listens, "FFmpeg's server of RTMP")
    return process, address


def test_what_happens_now_is_published_as_it_happens(server, media_tool):
    places = {}
    sources = {words: happening(free_port(), 8) for words in [(), ("--realtime",)]}
    try:
        tools = {
            words: media_tool(
                server, "publish", "stage", address, "--as", f"stage{len(words)}", "--seconds", 2, *words
            )
            for words, (_, address) in sources.items()
        }
        for words, tool in tools.items():
            status, out, error = tool.finish()
            assert status == 0, error
            places[words] = int(out.splitlines()[-1].split()[0].split(":")[-1])
    finally:
        for process, _ in sources.values():
            process.kill()
    # FFmpeg looks at it for more than a second.
    remark(f"a source over RTMP after two seconds in a room: its second {places[()]}, with --realtime {places['--realtime',]}")
    assert places[()] > places["--realtime",], places


def test_what_cannot_be_published_says_why(server, media_tool, tmp_path):
    nothing = tmp_path / "nothing.mp4"
    nothing.write_bytes(b"no film" * 100)
    for source, text in [
        (tmp_path / "gone.mp4", "does not exist"), (nothing, "nothing that FFmpeg can read"),
        ("concat:/etc/passwd", "are not opened"), ("http://127.0.0.1:1/x.m3u8", "127.0.0.1"),
    ]:
        status, _, error = media_tool(server, "publish", "cinema", source).finish()
        assert status != 0 and text in error, (source, error)
    film = make(tmp_path / "film.mp4", "-t", "1", *BASELINE)
    status, _, error = media_tool(server, "publish", "cinema", film, "--no-realtime").finish()
    assert status != 0 and "faster than it plays" in error, error


def test_a_call_of_chromium_is_recorded(server, participant, media_tool, tmp_path):
    participant(address(server, "studio", "Ada"))
    tool = media_tool(server, "record", "studio", "--folder", tmp_path, "--seconds", 8)
    status, out, error = tool.finish()
    assert status == 0, error
    path = recordings.only(tmp_path, ".mkv")
    found = recordings.probe(path)
    assert found["video"]["codec_name"] == "vp8" and found["audio"]["codec_name"] == "opus"
    assert 6.5 <= found["duration"] <= 8.5, found
    assert recordings.complaints(path) == ""
    times = recordings.picture_times(path)
    gaps = [right - left for left, right in zip(times, times[1:])]
    # Chromium's camera gives twenty pictures a second.
    assert len(times) > 6.5 * 18 and max(gaps) < 0.3, (len(times), max(gaps))
    sound = int(found["audio"]["nb_read_packets"])
    assert abs(sound * 0.02 - found["duration"]) < 0.5, found
    remark(f"a call of Chromium recorded: {found['duration']:.2f} s, {len(times)} pictures, {sound} packets of sound")


@pytest.mark.alone
@pytest.mark.parametrize("form, codec", [("mkv", "VP8"), ("mp4", "VP8"), ("mp4", "H264")])
def test_O07_O09_a_recording_is_in_step_through_loss_and_jitter(
    start_server, impaired, media_tool, tmp_path, form, codec
):
    server = behind_a_proxy(
        start_server, impaired, "--loss", "0.05", "--delay-ms", "20", "--jitter-ms", "50", seed=11
    )
    seconds = IN_STEP_SECONDS
    media_tool(server, "beep", "studio", "--as", "bot", "--codec", codec, "--seconds", seconds + 40)
    status, _, error = media_tool(
        server, "record", "studio", "--folder", tmp_path, "--format", form, "--seconds", seconds
    ).finish(seconds + 60)
    assert status == 0, error
    path = recordings.only(tmp_path, "." + form)
    found = recordings.probe(path)
    expected = {"mkv": ("vp8", "opus"), "mp4": ("h264", "aac")}[form]
    assert (found["video"]["codec_name"], found["audio"]["codec_name"]) == expected
    assert found["duration"] > seconds - 2 and recordings.complaints(path) == ""
    apart = recordings.apart(path)
    remark(f"beep after flash in a recording ({form} of {codec}), 5 % loss and 50 ms jitter: {[round(one) for one in apart]} ms")
    assert len(apart) >= seconds - 4
    assert max(map(abs, apart)) <= 1_000 / 25, apart
    # Whoever counts packets alone hears as long a recording.
    if form == "mkv":
        assert recordings.decoded_seconds(path) == pytest.approx(found["duration"], abs=0.15)


def test_tracks_are_recorded_apart_and_who_comes_back_has_another_file(server, media_tool, tmp_path):
    tool = media_tool(server, "record", "studio", "--folder", tmp_path, "--format", "tracks", "--seconds", 12)
    for _ in range(2):
        bot = media_tool(server, "beep", "studio", "--as", "bot", "--codec", "H264", "--seconds", 4)
        status, _, error = bot.finish()
        assert status == 0, error
    status, out, error = tool.finish()
    assert status == 0, error
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["bot-2.h264", "bot-2.opus", "bot.h264", "bot.opus"], names
    for name in names:
        assert recordings.complaints(tmp_path / name) == "", name
    sound = recordings.probe(tmp_path / "bot.opus")
    assert sound["audio"]["codec_name"] == "opus" and sound["duration"] == pytest.approx(4, abs=0.6)
    assert recordings.decoded_seconds(tmp_path / "bot.opus") == pytest.approx(sound["duration"], abs=0.05)
    assert int(recordings.probe(tmp_path / "bot.h264")["video"]["nb_read_packets"]) >= 85


@pytest.mark.parametrize("form, codec", [("wav", "pcm_s16le"), ("aac", "aac")])
def test_the_sound_of_tracks_is_written_as_one_wishes(server, media_tool, tmp_path, form, codec):
    words = ("--folder", tmp_path, "--format", "tracks", "--sound", form, "--seconds", 5)
    tool = media_tool(server, "record", f"sound-{form}", *words)
    bot = media_tool(server, "beep", f"sound-{form}", "--as", "bot", "--audio-only", "--seconds", 4)
    status, _, error = bot.finish()
    assert status == 0, error
    status, _, error = tool.finish()
    assert status == 0, error
    path = tmp_path / f"bot.{form}"
    assert recordings.complaints(path) == ""
    assert recordings.probe(path)["audio"]["codec_name"] == codec
    # It starts with what is heard first, and the recorder joined a moment sooner or later than the bot.
    assert 2.5 < recordings.decoded_seconds(path) < 4.3
    beeps = recordings.beeps(path)
    assert len(beeps) >= 2
    assert all(b - a == pytest.approx(1, abs=0.03) for a, b in zip(beeps, beeps[1:])), beeps
