// The relays that a connection may use, and what it has of them: an allocation, and beside it the one before.
// SPDX-License-Identifier: Apache-2.0
import ICE
import Wire

/// An allocation and what stands for its address.
struct RelayLine {
    var allocation: RelayAllocation
    /// The number among the sockets that stands for the relay's address.
    let socket: UInt16
    /// When it was asked for.
    let begunAt: MediaInstant
}

/// The relays that a connection may use, and the one it uses.
///
/// Credentials end, and an allocation is bound to those that it was made with (RFC 8656 §5). Who gets others while
/// media goes through a relay therefore asks for a second allocation, from another socket, moves there, and gives the
/// first back.
struct ConnectionRelays {
    /// The numbers that stand for relays' addresses among the sockets.
    static let sockets: ClosedRange<UInt16> = 32...33
    /// How long other ways are looked for first, as the browser SDK does.
    static let patience = MediaDuration.seconds(1)
    /// How long one relay may take before another is asked: some round trips. A session that hears no media gives its link up
    /// after three seconds.
    static let relayPatience = MediaDuration.milliseconds(750)
    /// How long an allocation is kept while media takes another way.
    static let keptFor = MediaDuration.seconds(30)
    /// How long the former allocation is kept after media has moved: what is under way to it still arrives.
    static let formerKeptFor = MediaDuration.seconds(3)
    /// Where an allocation was there for so long, another is asked for at once when it is lost; else after a moment.
    static let lastingAfter = MediaDuration.seconds(3)
    /// After so long a relay that gave no second allocation is asked for it again.
    static let renewedAgainAfter = MediaDuration.seconds(10)

    /// Whether there are no other ways.
    let areAlone: Bool
    var accesses: [RelayAccess] = []
    /// Which of them is tried next.
    var next = 0
    /// When the next is tried, if there is no way by then.
    var due: MediaInstant?
    /// The newest allocation.
    var current: RelayLine?
    /// The one that media takes until the newest has a way.
    var former: RelayLine?
    /// When both are given back.
    var releaseDue: MediaInstant?
    /// When the former one is given back.
    var formerReleaseDue: MediaInstant?
    /// When an allocation is asked for again in the place of one whose credentials end.
    var renewalDue: MediaInstant?
    var isClosing = false
    private var linesMade: UInt16 = 0

    init(areAlone: Bool) { self.areAlone = areAlone }

    /// How long other ways are looked for first.
    var wait: MediaDuration { areAlone ? .zero : Self.patience }

    var nextDeadline: MediaInstant? {
        [
            due, releaseDue, formerReleaseDue, renewalDue, current?.allocation.nextDeadline,
            former?.allocation.nextDeadline,
        ].compactMap { $0 }.min()
    }

    /// The preference of the newest address: above those before, so that ICE moves there.
    var localPreference: UInt16 { linesMade }

    /// Whether others opened the current allocation than would open one now.
    var isOutdated: Bool {
        guard let access = current?.allocation.access, !accesses.isEmpty else { return false }
        return !accesses.contains {
            $0.server == access.server && $0.isStream == access.isStream
                && $0.username == access.username && $0.password == access.password
        }
    }

    /// Puts a new allocation in the place of the current one.
    /// - Returns: `false`: the former one leaves none of the relay's sockets free.
    mutating func begin(
        _ access: RelayAccess, peers: [NetworkAddress],
        using random: inout some RandomNumberGenerator, at now: MediaInstant
    ) -> Bool {
        var access = access
        if let path = former?.allocation.path, path.remote == access.server,
            path.socket == access.socket
        {
            guard let spare = access.spareSocket else { return false }
            access.socket = spare
        }
        let socket = Self.sockets.first { $0 != former?.socket } ?? Self.sockets.lowerBound
        linesMade = linesMade == .max ? .max : linesMade + 1
        current = RelayLine(
            allocation: RelayAllocation(access, peers: peers, using: &random, at: now),
            socket: socket, begunAt: now)
        return true
    }

    /// The allocation whose address has that number.
    func allocation(ofSocket socket: UInt16) -> RelayAllocation? {
        if let current, current.socket == socket { return current.allocation }
        if let former, former.socket == socket { return former.allocation }
        return nil
    }
}
