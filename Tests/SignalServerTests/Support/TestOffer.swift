// Offers small enough to read.
// SPDX-License-Identifier: Apache-2.0

/// Builds offers as browsers write them, with one codec a section.
enum TestOffer {
    private static let fingerprint = Array(repeating: "AB", count: 32).joined(separator: ":")

    /// An offer of the sections given as (mid, kind, direction).
    static func make(
        _ sections: [(mid: String, kind: String, direction: String)], ufrag: String = "abcd"
    ) -> String {
        var lines = [
            "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0",
            "a=group:BUNDLE \(sections.map(\.mid).joined(separator: " "))",
        ]
        for section in sections {
            let isAudio = section.kind == "audio"
            lines += [
                "m=\(section.kind) 9 UDP/TLS/RTP/SAVPF \(isAudio ? 111 : 96)", "c=IN IP4 0.0.0.0",
                "a=ice-ufrag:\(ufrag)", "a=ice-pwd:0123456789abcdef0123456789",
                "a=fingerprint:sha-256 \(fingerprint)", "a=setup:actpass", "a=mid:\(section.mid)",
                "a=\(section.direction)", "a=rtcp-mux",
                isAudio ? "a=rtpmap:111 opus/48000/2" : "a=rtpmap:96 VP8/90000",
            ]
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    /// The offer of an SDK: microphone 0, camera 1, pairs from 2 on.
    static func sdk(pairs: Int = 1) -> String {
        var sections = [
            (mid: "0", kind: "audio", direction: "sendonly"),
            (mid: "1", kind: "video", direction: "sendonly"),
        ]
        for pair in 0..<pairs {
            sections.append((mid: "\(2 + 2 * pair)", kind: "audio", direction: "recvonly"))
            sections.append((mid: "\(3 + 2 * pair)", kind: "video", direction: "recvonly"))
        }
        return make(sections)
    }

    /// What a WHIP client sends.
    static let whip = make([
        (mid: "0", kind: "audio", direction: "sendonly"),
        (mid: "1", kind: "video", direction: "sendonly"),
    ])

    /// What a WHEP client sends.
    static let whep = make([
        (mid: "0", kind: "audio", direction: "recvonly"),
        (mid: "1", kind: "video", direction: "recvonly"),
    ])
}
