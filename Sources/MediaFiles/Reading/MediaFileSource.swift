// Which names of files and hosts are opened, and with which of FFmpeg's protocols.
// SPDX-License-Identifier: Apache-2.0

/// What a user names to be read, checked before FFmpeg sees it.
///
/// FFmpeg takes far more than files and addresses: `concat:`, `subfile,,` and `data:` read other files or none, and a list
/// from elsewhere may name local files. So a scheme is one of a few, each brings the protocols that it needs and no others, and
/// a path is handed over as nothing but a path.
package struct MediaFileSource: Equatable, Sendable {
    /// What FFmpeg is given.
    package let url: String
    /// Whether it is a file of this machine.
    package let isLocal: Bool
    /// Whether the other side sends at its own pace, whoever reads: RTSP and RTMP.
    package var isPushed: Bool { url.hasPrefix("rtsp") || url.hasPrefix("rtmp") }
    /// The protocols FFmpeg may use for it, separated by commas.
    let protocols: String
    /// The name for messages, without what stands before `@` and behind `?` and without the stream's key of RTMP: they are
    /// secrets.
    package let name: String

    /// The schemes of the network.
    private static let protocolsOfScheme: [String: String] = [
        "rtsp": "tcp,rtp", "rtsps": "tls,tcp,rtp", "rtmp": "rtmp,tcp",
        "rtmps": "rtmps,rtmp,tls,tcp", "http": "http,https,tls,tcp,crypto",
        "https": "http,https,tls,tcp,crypto",
    ]

    /// Checks a path, a `file:` or an address.
    /// - Throws: `.schemeNotAllowed`, `.refused` for nothing and for bytes of zero.
    package init(_ source: String) throws(MediaFileError) {
        guard !source.isEmpty, !source.utf8.contains(0), source.utf8.count <= 4_096 else {
            throw .refused("a source is a path or address of 1 to 4,096 bytes")
        }
        // What stands before a colon in the first part of a name is a scheme to FFmpeg.
        let first = source.prefix { $0 != "/" }
        guard let colon = first.firstIndex(of: ":") else {
            self.init(path: source)
            return
        }
        let scheme = source[..<colon].lowercased()
        var rest = String(source[source.index(after: colon)...])
        if scheme == "file" {
            if rest.hasPrefix("///") { rest.removeFirst(2) }
            guard !rest.isEmpty else { throw .refused("file: is followed by a path") }
            self.init(path: rest)
            return
        }
        guard let protocols = Self.protocolsOfScheme[scheme], rest.hasPrefix("//") else {
            throw .schemeNotAllowed(scheme)
        }
        let address = rest.dropFirst(2)
        let host = address.prefix { $0 != "/" && $0 != "?" }
        var path = address.dropFirst(host.count).prefix { $0 != "?" && $0 != "#" }
        // What follows the application is the key of the stream.
        if scheme.hasPrefix("rtmp") {
            path = path.prefix(1) + path.dropFirst().prefix { $0 != "/" }
        }
        let bare = host.lastIndex(of: "@").map { host[host.index(after: $0)...] } ?? host
        self.init(
            url: scheme + ":" + rest, isLocal: false, protocols: protocols,
            name: "\(scheme)://\(bare)\(path)")
    }

    private init(path: String) {
        self.init(url: "file:" + path, isLocal: true, protocols: "file", name: path)
    }

    private init(url: String, isLocal: Bool, protocols: String, name: String) {
        self.url = url
        self.isLocal = isLocal
        self.protocols = protocols
        self.name = name
    }
}

/// How a source is opened.
package struct MediaFileOptions: Equatable, Sendable {
    /// How long opening may take, in nanoseconds; 1 ms to an hour.
    package var openTimeoutNanoseconds: Int64 = 10_000_000_000
    /// How long one packet may take, in nanoseconds; 1 ms to an hour.
    package var readTimeoutNanoseconds: Int64 = 10_000_000_000
    /// Larger pictures are not decoded; up to `VideoFrame.pixelsMax`.
    package var pixelsMax = 4_096 * 2_304
    /// Whether a server's certificate must be good; FFmpeg does not check those of an HLS list's parts.
    package var isCertificateChecked = true

    /// Ten seconds for everything, pictures of up to 4096 x 2304, checked certificates.
    package init() {}
}
