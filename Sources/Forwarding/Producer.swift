// One RTP stream that a publisher sends: its packets, its losses, its clock.
// SPDX-License-Identifier: Apache-2.0
package import Payloads
package import RTP
package import Wire

/// A media stream of a track: the whole track, or one simulcast layer of it.
package struct Producer: ~Copyable {
    /// How much of a video stream is remembered: over a second at 3 Mbit/s.
    package static let videoHistory = (packets: 1_024, bytes: 512 * 1_024)
    /// How much of an audio stream is remembered: over two seconds of 20 ms packets.
    package static let audioHistory = (packets: 128, bytes: 32 * 1_024)
    /// How long a stream may send nothing while another of its track sends, and still be the one
    /// that is shown.
    package static let silenceMax = MediaDuration.seconds(1)
    /// How long a packet is given to come out of order, at least, before it is asked for again.
    package static let reorderDelay = MediaDuration.milliseconds(10)
    /// How long a lost packet of video is asked for: frames behind it wait for it, or for a keyframe.
    package static let videoRepairTime = MediaDuration.milliseconds(500)
    /// How long a lost packet of audio is asked for: receivers play what comes after it by then.
    package static let audioRepairTime = MediaDuration.milliseconds(200)

    /// Which of the streams that had this index; grows with every reuse.
    package let generation: UInt32
    /// The track it belongs to.
    package let track: Int
    /// The publisher's index.
    package let peer: Int
    /// The stream's source on the publisher's side.
    package let ssrc: SSRC
    /// The simulcast layer's name; empty without simulcast.
    package let rid: String
    /// Its packets, in plaintext.
    package var history: PacketHistory
    /// Which of them are missing.
    package var loss: LossDetector
    /// What receiver reports say about it.
    package var reception: ReceptionStatistics
    /// What our sender reports are made from.
    package var clock: StreamClock
    /// When to ask for a keyframe.
    package var keyframes = KeyframeRequester()
    /// The last keyframe, to begin new receivers with; `nil` before the first.
    package private(set) var keyframe: RecentKeyframe?
    /// The highest sequence number seen.
    package var highest = ExtendedSequenceNumber(0)
    /// When its last packet came.
    package var lastArrival = MediaInstant.zero
    /// How much it sends.
    package var rates = LayerRates()
    /// Its place among the layers of its track, 0 for the smallest.
    package var layer: UInt8 = 0
    /// How large its pictures are; `nil` while no keyframe has said so.
    package var pictureSize: PictureSize?
    /// How large the pictures of its spatial layers are; empty while it has not said that it has some.
    package private(set) var layerSizes = LayerSizes()
    /// The same of all the spatial layers that it has had, also of upper ones that it leaves out now.
    package private(set) var allSizes = LayerSizes()
    /// What its dependency descriptors have said; AV1 alone.
    package var dependencies = DependencyTracker()
    /// How it keeps sending.
    package var cadence = LayerCadence()
    /// Whether losses of it may be asked for again.
    package var usesNACK: Bool
    /// What loops call it; `nil` while it is neither relayed nor was.
    package var relayed: RelayedStream?
    /// Whether its publisher is on another loop.
    package var isForeign = false
    /// The loudness of the present interval.
    package var levels = AudioLevelAverage()
    /// Whether a voice begins.
    package var onset = VoiceOnset()
    /// Whether the last report on its loudness said something other than silence.
    private var isHeard = false

    /// Makes a stream without packets.
    package init(
        generation: UInt32, track: Int, peer: Int, ssrc: SSRC, rid: String, kind: MediaKind,
        clockRate: UInt32, usesNACK: Bool, history size: (packets: Int, bytes: Int)? = nil
    ) {
        self.generation = generation
        self.track = track
        self.peer = peer
        self.ssrc = ssrc
        self.rid = rid
        self.usesNACK = usesNACK
        let size = size ?? (kind == .video ? Self.videoHistory : Self.audioHistory)
        history = PacketHistory(packetCapacity: size.packets, byteCapacity: size.bytes)
        loss = LossDetector(
            reorderDelay: Self.reorderDelay,
            deadline: kind == .video ? Self.videoRepairTime : Self.audioRepairTime)
        reception = ReceptionStatistics(clockRate: clockRate)
        clock = StreamClock(clockRate: clockRate)
    }

    /// A place that holds no stream: of generation 0, which no stream ever has.
    package static func vacant() -> Producer {
        Producer(
            generation: 0, track: -1, peer: -1, ssrc: SSRC(0), rid: "", kind: .audio,
            clockRate: 48_000, usesNACK: false, history: (packets: 2, bytes: 0))
    }

    /// Notes how large the pictures of the spatial layers are that it sends now; those left out are remembered for as
    /// long as the others keep their sizes.
    package mutating func noteLayerSizes(_ sizes: LayerSizes) {
        layerSizes = sizes
        if !sizes.areSmallest(of: allSizes) { allSizes = sizes }
    }

    /// Notes a packet of video that a decoder can start at.
    package mutating func noteKeyframe(_ entry: HistoryEntry, at now: MediaInstant) {
        if let known = keyframe {
            // H.264 has several such packets in one keyframe; the first of them counts.
            let isSame = known.timestamp == entry.timestamp
            guard isSame ? entry.sequence < known.first : entry.sequence > known.first else {
                return
            }
        }
        keyframe = RecentKeyframe(first: entry.sequence, timestamp: entry.timestamp, at: now)
    }

    /// Where a new receiver can begin at `now`: a keyframe that is recent, with everything after it
    /// still there. `nil`: a fresh one has to be asked for. O(packets since).
    package func startForNewcomer(at now: MediaInstant) -> ExtendedSequenceNumber? {
        guard let keyframe, now - keyframe.at <= RecentKeyframe.ageMax, highest >= keyframe.first,
            highest.rawValue - keyframe.first.rawValue < RecentKeyframe.packetsMax
        else { return nil }
        for number in keyframe.first.rawValue...highest.rawValue
        where history.entry(ExtendedSequenceNumber(number)) == nil { return nil }
        return keyframe.first
    }

    /// Whether nothing of it has come for a while.
    package func isSilent(at now: MediaInstant) -> Bool { now - lastArrival >= Self.silenceMax }

    /// Whether nothing stands in this place.
    package var isVacant: Bool { generation == 0 }

    /// The loudness of the interval just over, in -dBov; once more 127 when a stream that was heard
    /// falls silent. `nil`: there is nothing new to say.
    package mutating func takeLevel() -> UInt8? {
        if let level = levels.take() {
            isHeard = true
            return level
        }
        defer { isHeard = false }
        return isHeard ? 127 : nil
    }
}
