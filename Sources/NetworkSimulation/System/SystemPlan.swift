// What happens to a simulated system and when, drawn from a seed.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import Signaling
import Wire

/// Something that goes wrong, or that somebody does.
enum SystemFault: Sendable {
    /// Nothing passes between a client and the server, either way.
    case blackout(client: Int, MediaDuration)
    /// Media alone is dark.
    case mediaBlackout(client: Int, MediaDuration)
    /// The signalling stream breaks, and both sides see it.
    case breakStream(client: Int)
    /// The signalling stream breaks, both sides see it, and then nothing passes for a while.
    case cutOff(client: Int, MediaDuration)
    /// The client's address changes; its streams are cut without a word.
    /// - Parameter isNoticed: Whether its machine tells it.
    case changeAddress(client: Int, isNoticed: Bool)
    /// The server is killed, and started again after a while.
    case killServer(downFor: MediaDuration)
    /// The backend sends somebody away, perhaps for a time.
    case kick(client: Int, ban: MediaDuration?)
    /// The backend closes the room.
    case closeRoom
    /// A user leaves and comes back.
    case leave(client: Int, awayFor: MediaDuration)
    /// A user mutes a source, or lets it be heard again.
    case mute(client: Int, TrackSource, Bool)
    /// A user changes its role.
    case setRole(client: Int, ParticipantRole)
    /// An application wants somebody's tracks, or wants them no longer.
    case subscribe(client: Int, to: Int, Bool)
    /// An application changes its attributes.
    case updateSelf(client: Int)
    /// An application sends packets over a data stream, all at once.
    case sendData(client: Int, count: Int)
    /// An application sends a message to all, or to one.
    case sendMessage(client: Int, to: Int?)
    /// The links of a client are of another quality from now on.
    case network(client: Int, ImpairmentPlan)
}

/// A seed's story: who is there, and what happens.
struct SystemPlan: Sendable {
    /// How long things happen for.
    static let stormTime = MediaDuration.seconds(70)

    var clients: Int
    /// The last client is in a room of its own.
    var isLastApart: Bool
    var windows: [MediaDuration]
    var networks: [ImpairmentPlan]
    var faults: [(at: MediaDuration, fault: SystemFault)] = []
    /// Whether every message is written as JSON and read again.
    var encodesMessages: Bool

    /// How many media loops the server has, its clients spread over them.
    var loops: Int

    init(seed: UInt64) {
        loops = seed % 2 == 0 ? 1 : 2
        var random = SeededRandom(seed: seed)
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }
        clients = 2 + below(3)
        isLastApart = clients > 2 && below(4) == 0
        encodesMessages = below(8) == 0
        windows = (0..<clients).map { _ in .seconds([30, 45, 45, 50][below(4)]) }
        networks = []
        for _ in 0..<clients { networks.append(Self.network(using: &random)) }
        let count = 8 + below(20)
        for _ in 0..<count {
            let at = MediaDuration.milliseconds(
                2_000 + Int64(below(Int(Self.stormTime.milliseconds) - 2_000)))
            let who = below(clients)
            faults.append((at, Self.fault(of: who, clients: clients, using: &random)))
        }
        for who in 0..<clients {
            for _ in 0..<6 {
                let at = MediaDuration.milliseconds(
                    2_000 + Int64(below(Int(Self.stormTime.milliseconds) - 2_000)))
                faults.append((at, Self.deed(of: who, clients: clients, using: &random)))
            }
        }
        // In the order of time; what is drawn for one moment stays in the order of drawing.
        let order = faults.indices.sorted {
            faults[$0].at != faults[$1].at ? faults[$0].at < faults[$1].at : $0 < $1
        }
        faults = order.map { faults[$0] }
    }

    private static func network(using random: inout SeededRandom) -> ImpairmentPlan {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }
        var plan = ImpairmentPlan()
        func link() -> LinkSettings {
            var settings = LinkSettings()
            settings.loss = [0, 0, 0, 0.01, 0.05, 0.1, 0.2, 0.3][below(8)]
            settings.delay = .milliseconds(Int64([1, 10, 25, 60, 150][below(5)]))
            settings.jitter = .milliseconds(Int64([0, 0, 5, 30, 80][below(5)]))
            settings.reorder = [0, 0, 0.02, 0.1][below(4)]
            settings.duplicate = [0, 0, 0.02, 0.1][below(4)]
            settings.bitsPerSecond = Int64([0, 0, 0, 300_000, 2_000_000][below(5)])
            return settings
        }
        plan.up = link()
        plan.down = link()
        return plan
    }

    private static func fault(
        of who: Int, clients: Int, using random: inout SeededRandom
    ) -> SystemFault {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }
        switch below(16) {
        case 0...3:
            let length = [200, 1_000, 2_900, 5_000, 12_000, 29_000, 34_000, 40_000][below(8)]
            return .blackout(client: who, .milliseconds(Int64(length)))
        case 4: return .mediaBlackout(client: who, .milliseconds([1_000, 5_000, 9_000][below(3)]))
        case 5...6: return .breakStream(client: who)
        case 7:
            return .cutOff(client: who, .milliseconds([5_000, 29_000, 33_000, 42_000][below(4)]))
        case 8...9: return .changeAddress(client: who, isNoticed: below(2) == 0)
        case 10: return .killServer(downFor: .milliseconds([50, 500, 2_000, 6_000][below(4)]))
        case 11:
            return .kick(client: who, ban: below(2) == 0 ? nil : .seconds(Int64(5 + below(10))))
        case 12: return below(3) == 0 ? .closeRoom : .breakStream(client: who)
        case 13: return .leave(client: who, awayFor: .milliseconds(Int64(500 + below(8_000))))
        default: return .network(client: who, network(using: &random))
        }
    }

    private static func deed(
        of who: Int, clients: Int, using random: inout SeededRandom
    ) -> SystemFault {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }
        switch below(10) {
        case 0...3: return .sendData(client: who, count: [1, 3, 10, 40][below(4)])
        case 4...5: return .sendMessage(client: who, to: below(2) == 0 ? nil : below(clients))
        case 6:
            return .mute(client: who, below(2) == 0 ? .microphone : .camera, below(2) == 0)
        case 7: return .setRole(client: who, below(3) == 0 ? .audience : .host)
        case 8: return .subscribe(client: who, to: below(clients), below(2) == 0)
        default: return .updateSelf(client: who)
        }
    }
}
