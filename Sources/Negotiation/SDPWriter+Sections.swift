// The lines that offers and answers of ours have in common.
// SPDX-License-Identifier: Apache-2.0
import RTP
import SDP

extension SDPWriter {
    /// Ends an m-line, and writes the address that stands behind it: none, where ICE finds one.
    mutating func endSectionLine() { write("\r\nc=IN IP4 0.0.0.0\r\n") }

    /// The payload types of an m-line, those of retransmissions behind what they repeat.
    mutating func writeFormats(_ codecs: [NegotiatedCodec]) {
        for codec in codecs {
            write(" ")
            write(number: codec.payloadType)
            guard let rtx = codec.retransmissionPayloadType else { continue }
            write(" ")
            write(number: rtx)
        }
    }

    /// rtpmap, rtcp-fb and fmtp of a codec and of its retransmissions.
    /// - Parameter startKilobits: Where a browser that sends it should begin, in kbit/s.
    mutating func write(_ codec: NegotiatedCodec, startKilobits: Int? = nil) {
        let type = codec.payloadType
        begin("rtpmap")
        write(number: type)
        write(" ")
        write(codec.codec.encodingName)
        write("/")
        write(number: codec.clockRate)
        if codec.channels > 1 {
            write("/")
            write(number: UInt(codec.channels))
        }
        endLine()
        if codec.hasTransportCC { writeFeedback(type, " transport-cc") }
        if codec.hasReceiverTime { writeFeedback(type, " rrtr") }
        if codec.hasREMB { writeFeedback(type, " goog-remb") }
        if codec.hasFIR { writeFeedback(type, " ccm fir") }
        if codec.hasNACK { writeFeedback(type, " nack") }
        if codec.hasPLI { writeFeedback(type, " nack pli") }
        if !codec.parameters.isEmpty || startKilobits != nil {
            begin("fmtp")
            write(number: type)
            write(" ")
            write(codec.parameters)
            if let startKilobits {
                if !codec.parameters.isEmpty { write(";") }
                write("x-google-start-bitrate=\(startKilobits)")
            }
            endLine()
        }
        guard let rtx = codec.retransmissionPayloadType else { return }
        begin("rtpmap")
        write(number: rtx)
        write(" rtx/")
        write(number: codec.clockRate)
        endLine()
        begin("fmtp")
        write(number: rtx)
        write(" apt=")
        write(number: type)
        endLine()
    }

    private mutating func writeFeedback(_ type: UInt8, _ mechanism: String) {
        begin("rtcp-fb")
        write(number: type)
        write(mechanism)
        endLine()
    }

    /// A side's own candidates, all of them (RFC 8839 §5.1, RFC 8840 §8.2).
    mutating func write(_ candidates: [HostCandidate]) {
        for (number, candidate) in candidates.enumerated() {
            let line = CandidateLine(
                foundation: "\(number + 1)", address: candidate.address,
                priority: candidate.priority, isPassiveTCP: candidate.isPassiveTCP)
            attribute("candidate", line.text)
        }
        flag("end-of-candidates")
    }

    /// The names of the stream and the track that a section sends (RFC 8830 §2).
    mutating func writeNames(of slot: SlotSource) {
        begin("msid")
        write(slot.streamID)
        write(" ")
        write(slot.trackID)
        endLine()
    }

    /// The numbers of the streams that a section sends (RFC 5576 §4).
    mutating func writeStreams(of slot: SlotSource, cname: String) {
        // Without the FID group Chromium ignores what is repeated on the second stream.
        if let rtx = slot.rtxSSRC {
            begin("ssrc-group")
            write("FID ")
            write(number: slot.ssrc)
            write(" ")
            write(number: rtx)
            endLine()
        }
        writeStream(slot.ssrc, cname)
        if let rtx = slot.rtxSSRC { writeStream(rtx, cname) }
    }

    private mutating func writeStream(_ ssrc: UInt32, _ cname: String) {
        begin("ssrc")
        write(number: ssrc)
        write(" cname:")
        write(cname)
        endLine()
    }

    /// The layers of simulcast (RFC 8851, RFC 8853); nothing without any.
    /// - Parameter direction: `send` or `recv`.
    mutating func writeLayers(_ layers: [String], direction: String) {
        guard !layers.isEmpty else { return }
        for layer in layers {
            begin("rid")
            write(layer)
            write(" ")
            write(direction)
            endLine()
        }
        begin("simulcast")
        write(direction)
        var separator = " "
        for layer in layers {
            write(separator)
            write(layer)
            separator = ";"
        }
        endLine()
    }
}
