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
    package init?(_ value: String) {
        guard value.utf8.count <= CandidateLine.valueBytesMax else { return nil }
        let fields = SDPFields.words(value)
        guard fields.count >= 8, fields[0].utf8.count <= 32, fields[6] == "typ",
            SDPFields.isAlphanumeric(fields[0], or: [UInt8(ascii: "+"), UInt8(ascii: "/")]),
            let component = SDPFields.number(fields[1]), component >= 1, component <= 256,
            let priority = SDPFields.number(fields[3]), fields[4].utf8.count <= 255,
            let port = NetworkAddress.readPort(Array(fields[5].utf8).span)
        else { return nil }
        foundation = fields[0]
        self.component = UInt16(component)
        transport = SDPFields.lowercased(fields[2])
        self.priority = priority
        host = fields[4]
        self.port = port
        address = NetworkAddress(host: fields[4], port: port)
        type = fields[7]
        var index = 8
        while index &+ 1 < fields.count {
            switch fields[index] {
            case "tcptype": tcpType = fields[index &+ 1]
            case "ufrag": usernameFragment = fields[index &+ 1]
            default: break
            }
            index &+= 2
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
