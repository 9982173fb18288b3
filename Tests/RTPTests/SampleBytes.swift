// Packets as a browser really sends them, and ways to damage them.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Bytes from hexadecimal digits; spaces are passed over.
func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

/// Calls `body` with every truncation of a sample, and with every bit of it turned over.
func forEachDamage(of sample: [UInt8], _ body: ([UInt8]) -> Void) {
    for count in 0...sample.count { body(Array(sample.prefix(count))) }
    for index in sample.indices {
        for bit in 0..<8 {
            var damaged = sample
            damaged[index] ^= 1 << UInt8(bit)
            body(damaged)
        }
        var damaged = sample
        damaged[index] = 0
        body(damaged)
        damaged[index] = 0xFF
        body(damaged)
    }
}

/// What an output span was filled with.
func written(_ capacity: Int = 1500, _ body: (inout OutputSpan<UInt8>) -> Void) -> [UInt8] {
    [UInt8](capacity: capacity) { (output: inout OutputSpan<UInt8>) in body(&output) }
}

/// Plain packets of Chromium 156.0.8078.79 (Debian 12, headless, fake devices, two peer connections in one
/// page), from its own plaintext dump.
enum Chromium156 {
    /// Opus, marker set; extensions 2 absolute send time, 4 transport-wide number, 9 MID, 14 audio level.
    static let opus = bytes(
        """
        90ef391b 815b5762 86d470a5 bede0003 227c86d6 41000190 31e0ff00 780be4c1 36ecc58d 8c494699
        04c5aaed 92e7634a 3a1898ee 62cb60ff 6c1b2900
        """)
    /// H.264, a STAP-A with both parameter sets.
    static let h264ParameterSets = bytes(
        """
        906618ec 9259db83 a0c34ca5 bede0003 229b1332 41000290 30000000 78001367 42c0158c 8d40a0cb
        cf350606 06078442 35000004 68ce3c80
        """)
    /// RTX of nothing but 255 bytes of padding, the first packet of its SSRC.
    static let paddingOnlyRetransmission =
        bytes("b0613b92 00000000 87eed8dd bede0003 90304100 04227cad 3a000000")
        + [UInt8](repeating: 0, count: 254) + [255]
    /// RTX of an H.264 fragment, cut after 24 bytes of payload; the original is 0x18EF.
    static let retransmission = bytes(
        """
        90e7517a 9259db83 c5ed4890 bede0008 229b3228 30004100 097c0300 01000200 23000000 00830606
        06109030 00000000 18ef7c45 5eb4e5ff ff21fbc3 cfbfff04 3800ef64 8c68cbab
        """)
    /// Sender report, SDES with CNAME, extended report.
    static let senderReport = bytes(
        """
        80c80006 2904ccd1 eeabd41f 9cba3012 cdde143c 00000029 000031ad
        81ca0006 2904ccd1 0110487a 6c376775 386c4552 594f6f51 497a0000
        80cf0005 2904ccd1 05000003 00000001 d41f98c0 000003da
        """)
    /// Receiver report with two blocks (RTX and media), extended report.
    static let receiverReport = bytes(
        """
        82c9000d 00000001 87eed8dd 00000000 00003bae 000000a9 00000000 00000000
        2904ccd1 00000000 00006ce1 0000014c 00000000 00000000
        80cf0004 00000001 04000002 eeabd41f 98c07aae
        """)
    /// Transport-wide feedback: one run of 17 small deltas, one byte of padding.
    static let feedbackRun = bytes(
        """
        afcd0009 00000001 2c670d58 000c0011 006ad202 20114309 1116040c 0d090c0d 0d080908 09080901
        """)
    /// Transport-wide feedback: a two-bit vector with a large and a small delta, three bytes of padding.
    static let feedbackVector = bytes(
        "afcd0006 00000001 a0c34ca5 001e0002 006ab20a e4000100 00000003")
    /// Transport-wide feedback that fills its words: no padding.
    static let feedbackWhole = bytes("8fcd0005 00000001 c09d15ee 00310002 006ae010 20025500")

    /// The packets above that are RTP.
    static let rtp = [opus, h264ParameterSets, paddingOnlyRetransmission, retransmission]
    /// The packets above that are RTCP.
    static let rtcp = [senderReport, receiverReport, feedbackRun, feedbackVector, feedbackWhole]
}

/// Packets written by hand along their specifications, for what was not captured.
enum Handmade {
    /// Two-byte extensions (RFC 8285 §4.3): identifiers 1 (empty), 2 (one byte), 3 (four bytes).
    static let twoByteExtensions = bytes(
        """
        9060 0001 00000002 00000003 1000 0004 0100 0201AA00 0304 BBCCDDEE 0000 0000 F00D
        """)
    /// NACK of 0xFFF0, 0xFFF1, 0x0000 and of 0x0100.
    static let nack = bytes("81cd0004 11111111 22222222 FFF08001 01000000")
    /// Picture loss indication.
    static let pictureLoss = bytes("81ce0002 11111111 22222222")
    /// Full intra request to two sources.
    static let fullIntra = bytes(
        "84ce0006 11111111 00000000 22222222 05000000 33333333 06000000")
    /// REMB of 2,500,000 bit/s for two sources: 156,250 * 2^4.
    static let remb = bytes("8fce0006 11111111 00000000 52454d42 0212625A 22222222 33333333")
    /// BYE of two sources with the reason "bye".
    static let goodbye = bytes("82cb0003 11111111 22222222 03627965")

    /// All of RTCP.
    static let rtcp = [nack, pictureLoss, fullIntra, remb, goodbye]
}

/// Its argument: the macros of Testing cannot take calls apart that pass spans or mutate their base.
func held<Value>(_ value: Value) -> Value { value }
