"""Browsers talk through the real server, by the page a person opens."""

import time

from harness.browser import Participant, kill, launch, live, wait_until
from harness.figures import remark
from harness.page import address, heard, names, seen, state, wait_connected


def rising(participant, count, seconds=15):
    """Waits until `count` videos decode new frames from now on."""
    before = participant.statistics()["video"]
    return wait_until(
        lambda: len(live(participant.statistics()["video"], "frames", before)) >= count or None,
        f"{count} videos go on",
        seconds,
    )[1]


def test_two_see_and_hear_each_other(server, participant):
    started = time.monotonic()
    first = participant(address(server, "two", "Ada", width=640, height=360))
    second = participant(address(server, "two", "Bob", width=640, height=360))
    for one in (first, second):
        wait_connected(one)
        seen(one, 1, 640, 360)
        heard(one, 1)
        assert one.negotiations() == 1, "joining and publishing take one exchange of descriptions"
        transport = one.statistics()["transport"]
        assert transport == {
            "dtls": "connected", "cipher": "SRTP_AEAD_AES_128_GCM", "tls": "FEFD",
        }
    assert names(first) == ["Bob"] and names(second) == ["Ada"]
    remark(f"two pages opened to both seen and heard: {time.monotonic() - started:.2f} s")
    first.screenshot("two-in-a-call")


def test_four_see_each_other_and_coming_and_going_negotiates_nothing(server, participant):
    people = [
        participant(address(server, "four", name, width=320, height=180))
        for name in ("Ada", "Bob", "Cy", "Dee")
    ]
    for one in people:
        seen(one, 3, 320, 180, seconds=40)
        # Three are heard at a time, of which one may be oneself.
        heard(one, 2, seconds=40)
    people[0].screenshot("four-in-a-call")
    before = [one.negotiations() for one in people[:3]]
    people[3].page.evaluate("() => window.martletRoom.leave()")
    for one in people[:3]:
        wait_until(lambda one=one: len(names(one)) == 2, "the one who left is gone")
    back = participant(address(server, "four", "Dee", width=320, height=180))
    seen(back, 3, 320, 180, seconds=40)
    for one in people[:3]:
        wait_until(lambda one=one: len(names(one)) == 3, "the one who left is back")
        rising(one, 3)
    assert [one.negotiations() for one in people[:3]] == before


def test_joining_a_running_call_shows_a_picture_quickly(server, participant):
    first = participant(address(server, "quick", "Ada"))
    wait_connected(first)
    wait_until(
        lambda: any(one["frames"] > 5 for one in first.statistics()["sent"]), "the camera runs"
    )
    times = []
    for number in range(5):
        second = participant(address(server, "quick", f"Viewer {number}"))
        found, _ = wait_until(
            lambda: second.page.evaluate("() => window.testFirstFrame"), "a first frame decodes"
        )
        times.append(found)
        second.page.evaluate("() => window.martletRoom.leave()")
    times.sort()
    remark(f"join to first decoded frame: median {times[2]:.0f} ms, worst {times[-1]:.0f} ms")


def test_mute_is_told_and_stops_the_sound(server, participant):
    first = participant(address(server, "mute", "Ada"))
    second = participant(address(server, "mute", "Bob"))
    heard(second, 1)
    first.page.evaluate(
        "() => window.martletRoom.mute(window.martletRoom.localTrack('microphone'))"
    )
    muted = """() => [...[...window.martletRoom.participants.values()][0].tracks.values()]
        .filter(track => track.source === 'microphone').map(track => track.isMuted)[0]"""
    wait_until(lambda: second.page.evaluate(muted) is True, "Bob is told of the mute")
    time.sleep(1)
    before = second.statistics()["audio"]
    time.sleep(1)
    after = second.statistics()["audio"]
    assert sum(one["packets"] for one in after) - sum(one["packets"] for one in before) <= 2
    first.page.evaluate(
        "() => window.martletRoom.unmute(window.martletRoom.localTrack('microphone'))"
    )
    wait_until(lambda: second.page.evaluate(muted) is False, "Bob is told of the end of it")
    quiet = second.statistics()["audio"]
    wait_until(
        lambda: live(second.statistics()["audio"], "energy", quiet), "Ada is heard again"
    )


def test_a_camera_muted_and_back_shows_a_picture_again(server, participant):
    first = participant(address(server, "camera", "Ada"))
    second = participant(address(server, "camera", "Bob"))
    seen(second, 1)
    first.page.evaluate("() => window.martletRoom.mute(window.martletRoom.localTrack('camera'))")
    time.sleep(1.5)
    before = second.statistics()["video"]
    time.sleep(1)
    assert not live(second.statistics()["video"], "frames", before), "a muted camera shows nothing"
    first.page.evaluate("() => window.martletRoom.unmute(window.martletRoom.localTrack('camera'))")
    took = rising(second, 1)
    remark(f"camera unmuted to a new picture: {took:.2f} s")
    assert first.negotiations() == 1 and second.negotiations() == 1


def test_a_killed_tab_is_gone_and_a_reload_comes_back(server, participant, playwright):
    first = participant(address(server, "tab", "Ada"))
    lonely = launch(playwright)
    second = Participant(lonely).open(address(server, "tab", "Bob"))
    seen(first, 1)
    seen(second, 1)
    second.page.reload()
    wait_until(lambda: state(second) == "connected", "the reloaded page is back")
    seen(second, 1)
    wait_until(lambda: names(first) == ["Bob"], "there is one Bob, not two")
    rising(first, 1)
    # The whole browser of the second dies, without a word to anybody.
    kill(lonely)
    _, took = wait_until(lambda: names(first) == [], "the killed tab is gone", 40)
    remark(f"killed tab noticed after {took:.2f} s")
    assert first.negotiations() == 1


def test_a_screen_share_takes_a_place_of_its_own(server, participant):
    first = participant(address(server, "screen", "Ada"))
    second = participant(address(server, "screen", "Bob"))
    seen(second, 1)
    # Headless browsers have no screen to choose: a canvas that changes stands for it.
    first.page.evaluate(
        """async () => {
          const canvas = document.createElement('canvas');
          canvas.width = 800; canvas.height = 450;
          const pen = canvas.getContext('2d');
          setInterval(() => {
            pen.fillStyle = `hsl(${performance.now() / 20 % 360} 80% 50%)`;
            pen.fillRect(0, 0, 800, 450);
          }, 50);
          const track = canvas.captureStream(20).getVideoTracks()[0];
          window.testScreen = await window.martletRoom.publishTrack(track, 'screen');
        }"""
    )
    seen(second, 1, 800, 450)
    rising(second, 2)
    second.screenshot("screen-share")
    assert second.negotiations() == 1 and first.negotiations() == 1
    first.page.evaluate("() => window.martletRoom.unpublish(window.testScreen)")
    wait_until(
        lambda: second.page.evaluate(
            """() => [...[...window.martletRoom.participants.values()][0].tracks.values()]
                .every(track => track.source !== 'screen')"""
        ),
        "the screen share is over",
    )
    rising(second, 1)
