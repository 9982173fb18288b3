"""The test page as tests use it."""

import urllib.parse

from harness.browser import wait_until


def address(server, room, name, **parameters):
    """The page's address that joins at once."""
    query = {"room": room, "name": name, "autojoin": "1", **parameters}
    return f"{server.url}/?{urllib.parse.urlencode(query)}"


def state(participant):
    return participant.page.evaluate("() => window.martletRoom?.connectionState ?? 'loading'")


def wait_connected(participant, seconds=20):
    wait_until(lambda: state(participant) == "connected", "the room says connected", seconds)


def names(participant):
    """The names of the others, sorted."""
    return participant.page.evaluate(
        "() => [...window.martletRoom.participants.values()].map(one => one.name).sort()"
    )


def seen(participant, count, width=None, height=None, seconds=25):
    """Waits until `count` others' videos decode at the size and gives the streams."""

    def look():
        streams = [
            stream
            for stream in participant.statistics()["video"]
            if stream["frames"] > 3
            and (width is None or stream["width"] == width)
            and (height is None or stream["height"] == height)
        ]
        return streams if len(streams) >= count else None

    try:
        return wait_until(look, f"{count} videos of {width}x{height} decode", seconds)[0]
    except AssertionError as error:
        raise AssertionError(
            f"{error}; {state(participant)}, others {names(participant)}, "
            f"page said {participant.messages[-8:]}, {participant.statistics()}"
        ) from None


def heard(participant, count, seconds=25):
    """Waits until `count` others are heard."""

    def listen():
        streams = [one for one in participant.statistics()["audio"] if one["energy"] > 0]
        return streams if len(streams) >= count else None

    return wait_until(listen, f"{count} microphones are heard", seconds)[0]
