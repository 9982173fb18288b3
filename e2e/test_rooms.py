"""Rooms that grow, rooms beside each other, and what a stranger's name may hold."""

from harness.browser import live, wait_until
from harness.page import address, heard, names, seen, wait_connected


def test_a_room_of_six_grows_its_slots_with_one_more_exchange(server, participant):
    people = [
        participant(address(server, "six", f"Person {number}", width=160, height=120))
        for number in range(6)
    ]
    for one in people:
        seen(one, 5, seconds=60)
        # Of five who all beep, three are heard at a time, of which one may be oneself.
        heard(one, 2, seconds=60)
        assert one.negotiations() <= 2, "five others need more than four pairs: one more offer"
    people[0].screenshot("six-in-a-call")


def test_C11_rooms_on_different_loops_do_not_meet(start_server, participant):
    server = start_server("--loops", "2")
    rooms = {
        room: [
            participant(address(server, room, f"{room} {who}", width=160, height=120))
            for who in ("one", "two")
        ]
        for room in ("red", "blue", "green")
    }
    for room, people in rooms.items():
        for one, other in zip(people, reversed(people)):
            seen(one, 1)
            heard(one, 1)
            assert names(one) == [f"{room} {'two' if one is people[0] else 'one'}"]
    assert server.metrics()["martlet_rooms"] == 3
    # What the loops count is asked of them from time to time.
    wait_until(lambda: server.metrics()["martlet_peers"] == 6, "the loops hold six", 5)


def test_a_room_spread_over_two_loops_is_one_call(start_server, participant):
    server = start_server("--loops", "2", "--room-peers-per-loop", "1")
    people = [
        participant(address(server, "wide", f"Person {number}", width=320, height=180))
        for number in range(3)
    ]
    for one in people:
        seen(one, 2)
        heard(one, 2)
    ports = [remote_ports(one) for one in people]
    assert all(len(own) == 1 for own in ports), "each is connected to one loop"
    assert len(set.union(*ports)) == 2, "both loops have some of them"
    wait_until(lambda: server.metrics()["martlet_peers"] == 3, "stand-ins are not counted", 5)
    relayed = server.metrics()["martlet_relayed_total"]
    assert relayed > 0
    # What goes on keeps being handed over, and nobody misses anything of it.
    before = [one.statistics()["video"] for one in people]
    wait_until(lambda: server.metrics()["martlet_relayed_total"] > relayed + 100, "more of it", 10)
    for one, frames in zip(people, before):
        wait_until(
            lambda one=one, frames=frames: len(live(one.statistics()["video"], "frames", frames)) == 2,
            "both others' pictures go on",
        )
    assert server.metrics().get('martlet_drops_total{reason="relay_full"}', 0) == 0
    # Who leaves is gone for both loops, and who comes is seen by both.
    people[0].page.evaluate("() => window.martletRoom.leave()")
    wait_until(lambda: names(people[2]) == ["Person 1"], "the first is gone")
    people[0] = participant(address(server, "wide", "Person 3", width=320, height=180))
    for one in people:
        seen(one, 2)
        heard(one, 2)


def remote_ports(participant):
    """The ports of the server that a client's nominated pairs lead to."""
    return set(
        participant.page.evaluate(
            """async () => {
              const ports = [];
              for (const connection of window.testConnections) {
                if (connection.connectionState === 'closed') continue;
                const report = await connection.getStats();
                report.forEach(entry => {
                  if (entry.type !== 'candidate-pair' || !entry.nominated) return;
                  ports.push(report.get(entry.remoteCandidateId)?.port);
                });
              }
              return ports;
            }"""
        )
    )


def test_names_are_shown_as_text_whatever_they_hold(server, participant):
    evil = "<img src=x onerror=\"window.pwned=1\"><b>Eve</b>"
    first = participant(address(server, "names", "Ada", camera=0))
    second = participant(address(server, "names", evil, camera=0))
    wait_connected(second)
    wait_until(lambda: names(first) == [evil], "Eve is there")
    assert first.page.evaluate("() => window.pwned") is None
    assert first.page.locator("body").get_by_text("<b>Eve</b>").count() >= 1
    assert first.page.locator("img[src=x]").count() == 0


def test_an_empty_room_is_closed_after_ten_seconds(server, participant):
    only = participant(address(server, "empty", "Ada", camera=0))
    wait_connected(only)
    assert server.metrics()["martlet_rooms"] == 1
    only.page.evaluate("() => window.martletRoom.leave()")
    wait_until(lambda: server.metrics()["martlet_participants"] == 0, "nobody is there")
    _, took = wait_until(lambda: server.metrics()["martlet_rooms"] == 0, "the room is closed", 15)
    assert 8 < took < 12


def test_a_second_join_with_the_same_id_replaces_the_first(server, participant):
    first = participant(address(server, "same", "Ada", participant="ada", camera=0))
    wait_connected(first)
    second = participant(address(server, "same", "Ada", participant="ada", camera=0))
    wait_connected(second)
    wait_until(
        lambda: first.page.evaluate(
            "() => [window.martletRoom.connectionState, window.martletRoom.connectionReason]"
        )
        == ["disconnected", "duplicateIdentity"],
        "the first is told why",
    )
    assert server.metrics()["martlet_participants"] == 1


def test_the_page_is_readable_on_a_phone(server, participant):
    phone = participant(
        address(server, "phone", "Ada"), viewport={"width": 320, "height": 640}, has_touch=True
    )
    participant(address(server, "phone", "Bob"))
    seen(phone, 1)
    overflow = phone.page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0, "nothing is wider than the phone"
    phone.screenshot("phone")
