// One ICE candidate as a line of a description.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// `a=candidate:foundation component transport priority address port typ type ...`
/// (RFC 8839 §5.1).
package struct CandidateLine: Equatable, Sendable {
    /// The longest value read, in bytes; what browsers write stays below 300.
    package static let valueBytesMax = 1_024

    /// Equal for candidates of one origin; 1 to 32 characters.
    package var foundation: String
    /// 1 for RTP (and RTCP bundled with it), 2 for RTCP alone.
    package var component: UInt16
    /// `udp` or `tcp`, in lower case.
    package var transport: String
    /// Higher is tried first.
    package var priority: UInt32
    /// Address and port; `nil` where a name (such as `….local`) stands in its place.
    package var address: NetworkAddress?
    /// The address as it stands in the line.
    package var host: String
    /// The port as it stands in the line.
    package var port: UInt16
    /// `host`, `srflx`, `prflx` or `relay`.
    package var type: String
    /// `active`, `passive` or `so` for TCP (RFC 6544 §4.5).
    package var tcpType: String?
    /// The generation's username fragment, where the line names it.
    package var usernameFragment: String?

    /// Makes a host candidate, for UDP or for connections that the other side opens (RFC 6544 §4.5).
    package init(
        foundation: String, address: NetworkAddress, priority: UInt32, isPassiveTCP: Bool = false
    ) {
        self.foundation = foundation
        component = 1
        transport = isPassiveTCP ? "tcp" : "udp"
        self.priority = priority
        self.address = address
        host = address.hostText
        port = address.port
        type = "host"
        tcpType = isPassiveTCP ? "passive" : nil
        usernameFragment = nil
    }

    /// Reads the value of `a=candidate`; `nil` if it has another form. Unknown attributes are
    /// passed over.
    package init?(_ text: Span<UInt8>, _ range: Range<Int>) {
        guard range.count <= CandidateLine.valueBytesMax else { return nil }
        var words = SDPFields(range)
        guard let foundation = words.word(text), foundation.count <= 32,
            text.isAlphanumeric(foundation, or: "+/"),
            let component = words.word(text).flatMap({ text.digits($0) }), component >= 1,
            component <= 256, let transport = words.word(text),
            let priority = words.word(text).flatMap({ text.digits($0) }),
            let host = words.word(text), host.count <= 255, let portText = words.word(text),
            let port = NetworkAddress.readPort(text.extracting(portText)),
            let mark = words.word(text), text.matches(mark, "typ"), let type = words.word(text)
        else { return nil }
        self.foundation = text.string(foundation)
        self.component = UInt16(truncatingIfNeeded: component)
        self.transport = text.string(lowercased: transport)
        self.priority = priority
        self.host = text.string(host)
        self.port = port
        address = NetworkAddress(hostBytes: text.extracting(host), port: port)
        self.type = text.string(type)
        while let name = words.word(text), let value = words.word(text) {
            if text.matches(name, "tcptype") { tcpType = text.string(value) }
            if text.matches(name, "ufrag") { usernameFragment = text.string(value) }
        }
    }

    /// The value of `a=candidate`.
    package var text: String {
        var text = "\(foundation) \(component) \(transport) \(priority) \(host) \(port) typ \(type)"
        if let tcpType { text += " tcptype \(tcpType)" }
        if let usernameFragment { text += " ufrag \(usernameFragment)" }
        return text
    }
}
