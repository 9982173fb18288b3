// Signalling connections in virtual time: in order and without loss like TCP, late where packets were lost.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import Signaling
import Wire

/// What travels over a stream.
enum StreamSignal: Sendable {
    /// The client knocks.
    case knock
    /// The server has opened.
    case open
    /// A message of the client.
    case fromClient(ClientMessage)
    /// A message of the server.
    case fromServer(ServerMessage)
    /// The side named has closed, or its machine has no such stream.
    case closed(byServer: Bool)
}

/// One stream between a client and the server.
struct VirtualStream: Sendable {
    /// Whose it is.
    let client: Int
    /// Which run of the server it is to.
    let serverRun: Int
    /// Whether the client still looks at it.
    var isOpenAtClient = true
    /// Whether the server still looks at it.
    var isOpenAtServer = false
    /// Whether a change of address has cut it without either side knowing.
    var isSevered = false
    /// When the last segment arrives, towards the server and towards the client.
    var lastArrival: (up: MediaInstant, down: MediaInstant) = (.zero, .zero)
}

/// How late segments arrive: they are sent again, each time twice as much later, until one comes through.
enum StreamTiming {
    /// The first time a segment is sent again, and the first time a knock is.
    static let segment = MediaDuration.milliseconds(200)
    static let knock = MediaDuration.seconds(1)
    /// A stream that has not got through for so long is given up by the machine that sends.
    static let patience = MediaDuration.seconds(60)

    /// When something sent now arrives; `nil`: too late for anybody.
    static func arrival(
        at now: MediaInstant, firstPause: MediaDuration, settings: LinkSettings,
        using random: inout SeededRandom
    ) -> MediaInstant? {
        var sent = now
        var pause = firstPause
        while sent - now < patience {
            let jitter = Int64(random.next() >> 40) * max(settings.jitter.nanoseconds, 0) >> 24
            let isDark = settings.blackout?.contains(sent) ?? false
            let isLost = Double(random.next() >> 11) * 0x1p-53 < settings.loss
            if !isDark, !isLost {
                return sent + settings.delay + MediaDuration(nanoseconds: jitter)
            }
            sent = sent + pause
            pause = pause * 2
        }
        return nil
    }
}
