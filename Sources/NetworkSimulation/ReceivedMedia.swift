// What a virtual client has received, kept for a test to look at.
// SPDX-License-Identifier: Apache-2.0
package import RTP
package import Wire

/// A media packet as it came, a retransmission already taken apart.
package struct ReceivedPacket: Sendable {
    /// When it came.
    package var at: MediaInstant
    /// The slot it came in.
    package var mid: String
    /// What its MID extension says; `nil` without one.
    package var midExtension: String?
    /// The stream on the wire.
    package var ssrc: SSRC
    /// The payload type on the wire.
    package var payloadType: UInt8
    /// The codec it stands for.
    package var codec: MediaCodec
    /// The media sequence number, unwrapped; of a retransmission the original one.
    package var sequence: ExtendedSequenceNumber
    /// The sequence number on the wire.
    package var wireSequence: SequenceNumber
    /// Whether it is a retransmission.
    package var isRetransmission: Bool
    /// The timestamp.
    package var timestamp: RTPTimestamp
    /// The marker bit.
    package var marker: Bool
    /// The transport-wide sequence number.
    package var transportSequence: SequenceNumber?
    /// The audio level byte.
    package var audioLevel: UInt8?
    /// The orientation byte.
    package var orientation: UInt8?
    /// The dependency descriptor.
    package var dependencies: [UInt8]?
    /// The payload.
    package var payload: [UInt8]
    /// What the payload says of itself.
    package var tag: PayloadTag?
}

/// An RTCP packet as it came.
package struct ReceivedControl: Sendable {
    /// When it came.
    package var at: MediaInstant
    /// What it says.
    package var content: Content

    /// The kinds that tests look at.
    package enum Content: Sendable {
        /// A sender report.
        case senderReport(SenderReport)
        /// A receiver report's blocks.
        case receiverReport([ReceptionReportBlock])
        /// A canonical name.
        case canonicalName(SSRC, [UInt8])
        /// Numbers asked for again.
        case nack(SSRC, [SequenceNumber])
        /// A keyframe asked for.
        case pictureLoss(SSRC)
        /// Transport-wide feedback: the numbers that arrived, and those spoken of.
        case transportFeedback(received: [SequenceNumber], base: SequenceNumber, statuses: Int)
        /// A time of ours that is echoed: of which source, its middle 32 bits, and how long it was held in 65,536ths of a
        /// second.
        case echoedTime(SSRC, last: UInt32, delay: UInt32)
        /// The most it is to send in all, in bits a second (REMB).
        case maximumBitrate(UInt64)
        /// Anything else.
        case other(UInt8)
    }
}
