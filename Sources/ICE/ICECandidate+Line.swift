// Candidates as lines of text, as descriptions and trickled candidates carry them.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Why a line is not a candidate that can be used.
package enum ICECandidateError: Error, Equatable, Sendable {
    /// The line is longer than `ICECandidate.lineByteCountMax`.
    case tooLong(Int)
    /// The line ends before the named field.
    case missing(ICECandidateField)
    /// The named field breaks its grammar or range.
    case bad(ICECandidateField)
    /// A transport that ICE for UDP and TCP does not know.
    case unsupportedTransport
    /// The address is a host name: a `.local` name hides the address by multicast DNS. Nothing is
    /// resolved here; the peer is learned from its checks instead.
    case unresolvable(isMulticastDNS: Bool)
}

/// The fields of a candidate line (RFC 8839 §5.1).
package enum ICECandidateField: Sendable {
    /// Before the first space.
    case foundation
    /// The component's number.
    case component
    /// UDP or TCP.
    case transport
    /// The priority.
    case priority
    /// The address or name.
    case address
    /// The port.
    case port
    /// `typ` and the type.
    case kind
    /// The type of a TCP candidate.
    case tcpType
}

extension ICECandidate {
    /// The longest line read, in bytes.
    package static let lineByteCountMax = 1_024

    /// Reads a candidate line (RFC 8839 §5.1), with or without `a=` and `candidate:` before it:
    ///
    /// ```
    /// candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type>
    ///     [raddr <address>] [rport <port>] [tcptype <type>] [<name> <value>]...
    /// ```
    ///
    /// Unknown extensions are skipped. O(length), which is capped.
    package init(parsing line: String) throws(ICECandidateError) {
        let bytes = Array(line.utf8.prefix(ICECandidate.lineByteCountMax + 1))
        guard bytes.count <= ICECandidate.lineByteCountMax else { throw .tooLong(bytes.count) }
        try self.init(bytes: bytes.span)
    }

    /// Reads a candidate line from its bytes.
    package init(bytes: Span<UInt8>) throws(ICECandidateError) {
        guard bytes.count <= ICECandidate.lineByteCountMax else { throw .tooLong(bytes.count) }
        var fields = CandidateFields(bytes)
        guard let foundation = fields.next(), !foundation.isEmpty else {
            throw .missing(.foundation)
        }
        guard foundation.count <= 32, fields.isAll(foundation, ICECredentials.isICECharacter) else {
            throw .bad(.foundation)
        }
        guard let componentField = fields.next() else { throw .missing(.component) }
        guard let component = fields.number(componentField, digits: 3),
            (1...256).contains(component)
        else { throw .bad(.component) }
        guard let transportField = fields.next() else { throw .missing(.transport) }
        guard let transport = Transport(rawValue: fields.lowercased(transportField)) else {
            throw .unsupportedTransport
        }
        guard let priorityField = fields.next() else { throw .missing(.priority) }
        guard let priority = fields.number(priorityField, digits: 10), priority >= 1,
            priority <= 0x7FFF_FFFF
        else { throw .bad(.priority) }
        guard let addressField = fields.next() else { throw .missing(.address) }
        guard let portField = fields.next() else { throw .missing(.port) }
        guard let port = NetworkAddress.readPort(bytes.extracting(portField)) else {
            throw .bad(.port)
        }
        guard let label = fields.next() else { throw .missing(.kind) }
        guard fields.lowercased(label) == "typ" else { throw .bad(.kind) }
        guard let kindField = fields.next() else { throw .missing(.kind) }
        guard let kind = Kind(rawValue: fields.lowercased(kindField)) else { throw .bad(.kind) }
        guard let address = NetworkAddress(hostBytes: bytes.extracting(addressField), port: port)
        else { throw fields.refusal(ofHost: addressField) }
        guard transport == .tcp || port != 0 else { throw .bad(.port) }

        self.init(
            foundation: fields.text(foundation), component: Int(component), transport: transport,
            priority: UInt32(truncatingIfNeeded: priority), address: address, kind: kind)
        try readExtensions(&fields, in: bytes)
        if transport == .tcp, tcpType == nil { throw .missing(.tcpType) }
    }

    /// Reads the pairs of names and values after the type; a name without a value ends them.
    private mutating func readExtensions(
        _ fields: inout CandidateFields, in bytes: Span<UInt8>
    ) throws(ICECandidateError) {
        var relatedHost: Range<Int>?
        while let name = fields.next(), let value = fields.next() {
            switch fields.lowercased(name) {
            case "raddr":
                relatedHost = value
            case "rport":
                if let host = relatedHost,
                    let port = NetworkAddress.readPort(bytes.extracting(value))
                {
                    relatedAddress = NetworkAddress(
                        hostBytes: bytes.extracting(host), port: port)
                }
            case "tcptype":
                guard let type = TCPType(rawValue: fields.lowercased(value)) else {
                    throw .bad(.tcpType)
                }
                if transport == .tcp { tcpType = type }
            case "ufrag":
                if ICECredentials.usernameFragmentCounts.contains(value.count),
                    fields.isAll(value, ICECredentials.isICECharacter)
                {
                    usernameFragment = fields.text(value)
                }
            default:
                break
            }
        }
    }

    /// The line without `a=`: `candidate:<foundation> ...` (RFC 8839 §5.1).
    package var line: String {
        var line = "candidate:\(foundation) \(component) \(transport.rawValue) \(priority)"
        line += " \(address.hostText) \(address.port) typ \(kind.rawValue)"
        if let relatedAddress {
            line += " raddr \(relatedAddress.hostText) rport \(relatedAddress.port)"
        }
        if let tcpType { line += " tcptype \(tcpType.rawValue)" }
        if let usernameFragment { line += " ufrag \(usernameFragment)" }
        return line
    }
}

/// Walks the fields of a candidate line, which are parted by spaces.
private struct CandidateFields: ~Escapable {
    private let bytes: Span<UInt8>
    private var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        skip("a=")
        skip("candidate:")
    }

    /// The next field; `nil` at the end of the line.
    mutating func next() -> Range<Int>? {
        while bytes.uint8(at: offset) == UInt8(ascii: " ") { offset += 1 }
        let start = offset
        while let byte = bytes.uint8(at: offset), byte > UInt8(ascii: " "), byte < 0x7F {
            offset += 1
        }
        return offset > start ? start..<offset : nil
    }

    func isAll(_ field: Range<Int>, _ holds: (UInt8) -> Bool) -> Bool {
        for index in field where !holds(bytes[index]) { return false }
        return true
    }

    /// The decimal number of at most `digits` digits.
    func number(_ field: Range<Int>, digits: Int) -> UInt64? {
        guard field.count <= digits, digits <= 18 else { return nil }
        var value: UInt64 = 0
        for index in field {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else { return nil }
            value = value &* 10 &+ UInt64(bytes[index] &- UInt8(ascii: "0"))
        }
        return value
    }

    func text(_ field: Range<Int>) -> String {
        String(decoding: bytes.extracting(field).copied(), as: UTF8.self)
    }

    /// The field with its ASCII letters in lower case; empty if it is longer than any word of the
    /// grammar.
    func lowercased(_ field: Range<Int>) -> String {
        guard field.count <= 16 else { return "" }
        var word: [UInt8] = []
        for index in field {
            let byte = bytes[index]
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            word.append(isUpper ? byte | 0x20 : byte)
        }
        return String(decoding: word, as: UTF8.self)
    }

    /// Why a field that is no address is refused: a host name, or nonsense.
    func refusal(ofHost field: Range<Int>) -> ICECandidateError {
        guard field.count <= 253, isAll(field, CandidateFields.isHostCharacter) else {
            return .bad(.address)
        }
        // A name whose last label is a number is an address misspelt (WHATWG URL §3.5).
        var last = field.upperBound
        while last > field.lowerBound, bytes[last - 1] != UInt8(ascii: ".") { last -= 1 }
        let label = last..<field.upperBound
        guard let first = bytes.uint8(at: last), !label.isEmpty,
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return .bad(.address) }
        return .unresolvable(
            isMulticastDNS: last > field.lowerBound && lowercased(label) == "local")
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default:
            false
        }
    }

    private mutating func skip(_ prefix: StaticString) {
        let count = prefix.utf8CodeUnitCount
        guard bytes.count - offset >= count else { return }
        for index in 0..<count where unsafe bytes[offset + index] != prefix.utf8Start[index] {
            return
        }
        offset += count
    }
}
