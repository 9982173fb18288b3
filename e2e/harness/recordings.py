"""What is in a recording, by other people's tools."""

import array
import json
import pathlib
import subprocess


def probe(path):
    """The streams of a file as ffprobe sees them, by kind."""
    text = subprocess.run(
        [
            "ffprobe", "-v", "error", "-count_packets", "-show_entries",
            "stream=codec_name,codec_type,width,height,start_time,nb_read_packets:format=duration",
            "-of", "json", str(path),
        ],
        check=True, capture_output=True, text=True,
    ).stdout
    found = json.loads(text)
    streams = {one["codec_type"]: one for one in found["streams"]}
    streams["duration"] = float(found["format"].get("duration") or 0)
    return streams


def complaints(path):
    """What ffmpeg says while it decodes all of a file; nothing if all is well."""
    run = subprocess.run(
        [
            "ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-fps_mode", "passthrough",
            "-enc_time_base", "-1", "-f", "null", "-",
        ],
        capture_output=True, text=True,
    )
    return run.stderr.strip()


def decoded_seconds(path):
    """How long the sound is that comes out of a decoder, whatever the times of its packets."""
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-ac", "1", "-ar", "48000", "-f", "s16le", "-"],
        check=True, capture_output=True,
    ).stdout
    return len(raw) / 2 / 48_000


def picture_times(path):
    """When each picture is shown, in seconds."""
    text = subprocess.run(
        [
            "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
            "packet=pts_time", "-of", "csv=p=0", str(path),
        ],
        check=True, capture_output=True, text=True,
    ).stdout
    return sorted(float(line.strip(",")) for line in text.split() if line.strip(","))


def flashes(path):
    """When the lower third of `beep`'s picture turns white, in seconds."""
    bytes_ = subprocess.run(
        [
            "ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-vf",
            "crop=iw/2:ih/4:iw/4:ih*0.72,scale=1:1,format=gray", "-fps_mode", "passthrough",
            "-f", "rawvideo", "-",
        ],
        check=True, capture_output=True,
    ).stdout
    times = picture_times(path)
    found = []
    for index in range(1, min(len(bytes_), len(times))):
        if bytes_[index] > 125 >= bytes_[index - 1]:
            found.append(times[index])
    return found


def beeps(path):
    """When a beep begins after silence, in seconds."""
    start = float(probe(path)["audio"].get("start_time") or 0)
    raw = subprocess.run(
        [
            "ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-ac", "1", "-ar", "48000",
            "-af", "aresample=async=1", "-f", "s16le", "-",
        ],
        check=True, capture_output=True,
    ).stdout
    samples = array.array("h", raw[: len(raw) // 2 * 2])
    found, was_loud, quiet = [], False, 0
    for index in range(0, len(samples) - 48, 48):
        is_loud = max(abs(one) for one in samples[index : index + 48]) > 2_000
        if is_loud and not was_loud and quiet > 200:
            found.append(start + index / 48_000)
        quiet = 0 if is_loud else quiet + 1
        was_loud = is_loud
    return found


def apart(path):
    """How much later than its flash each beep is, in milliseconds."""
    seen, heard = flashes(path), beeps(path)
    pairs = []
    for beep in heard:
        nearest = min(seen, key=lambda one: abs(one - beep), default=None)
        if nearest is not None and abs(nearest - beep) < 0.4:
            pairs.append((beep - nearest) * 1_000)
    return pairs


def only(folder, ending):
    """The one file of a folder with this ending."""
    found = sorted(pathlib.Path(folder).glob(f"*{ending}"))
    assert len(found) == 1, f"{ending}: {sorted(pathlib.Path(folder).iterdir())}"
    return found[0]
