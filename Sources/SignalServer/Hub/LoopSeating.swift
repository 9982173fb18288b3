// Which media loop a newcomer gets, and how many each loop has.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Synchronization

/// Seats peers on media loops: those of one room together, until their loop has as many of it as it should.
///
/// Asked before an offer is answered, since the answer names the loop's port; so a seat counts from then on, whether its
/// peer gets in or not, and until nobody holds it any more.
final class LoopSeating: Sendable {
    private struct State {
        /// By loop.
        var peers: [Int]
        /// By room and loop. Looked up, never iterated.
        var rooms: [RoomName: [Int]] = [:]
    }

    private let roomPeersPerLoop: Int
    private let state: Mutex<State>

    /// - Parameter roomPeersPerLoop: How many peers of one room its own loop takes, at least 1, before others get
    ///   some.
    init(loopCount: Int, roomPeersPerLoop: Int) {
        self.roomPeersPerLoop = max(1, roomPeersPerLoop)
        state = Mutex(State(peers: [Int](repeating: 0, count: loopCount)))
    }

    /// A seat on the room's own loop `home`; on the one with the fewest peers if that is full. O(loops).
    func seat(in room: RoomName, home: Int) -> LoopSeat {
        let loop = state.withLock { state -> Int in
            var ofRoom = state.rooms[room] ?? [Int](repeating: 0, count: state.peers.count)
            var loop = home
            if ofRoom[home] >= roomPeersPerLoop {
                for other in state.peers.indices
                where (state.peers[other], ofRoom[other]) < (state.peers[loop], ofRoom[loop]) {
                    loop = other
                }
            }
            ofRoom[loop] += 1
            state.peers[loop] += 1
            state.rooms[room] = ofRoom
            return loop
        }
        return LoopSeat(loop: loop, room: room, seating: self)
    }

    fileprivate func release(_ loop: Int, in room: RoomName) {
        state.withLock { state in
            state.peers[loop] -= 1
            state.rooms[room]?[loop] -= 1
            if state.rooms[room]?.allSatisfy({ $0 == 0 }) == true { state.rooms[room] = nil }
        }
    }

    /// How many seats each loop has taken.
    var peers: [Int] { state.withLock { $0.peers } }
}

/// A peer's place on a loop; free again when nobody holds it any more.
final class LoopSeat: Sendable {
    /// The loop.
    let loop: Int
    private let room: RoomName
    private let seating: LoopSeating

    fileprivate init(loop: Int, room: RoomName, seating: LoopSeating) {
        self.loop = loop
        self.room = room
        self.seating = seating
    }

    deinit { seating.release(loop, in: room) }
}
