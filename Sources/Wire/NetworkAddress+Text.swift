// Network addresses as text: the strict spellings only.
// SPDX-License-Identifier: Apache-2.0

extension NetworkAddress {
    /// The longest text of a host that is read: an IPv6 address with an embedded IPv4 one.
    package static let hostTextByteCountMax = 45

    /// Reads a host as text: dotted IPv4 with four plain decimal numbers, or IPv6 as RFC 4291 §2.2
    /// spells it, without brackets.
    ///
    /// Other spellings that some libraries accept (`0177.0.0.1`, `127.1`, `2130706433`, `0x7f.1`, a
    /// zone after `%`) are refused, because they slip past checks of addresses.
    /// - Returns: `nil` if the text is anything else. O(length), which is capped.
    package init?(host text: String, port: UInt16) {
        guard text.utf8.count <= NetworkAddress.hostTextByteCountMax,
            let address = NetworkAddress(hostBytes: Array(text.utf8).span, port: port)
        else { return nil }
        self = address
    }

    /// Reads a host from bytes of text, as `init(host:port:)` does.
    package init?(hostBytes bytes: Span<UInt8>, port: UInt16) {
        guard !bytes.isEmpty, bytes.count <= NetworkAddress.hostTextByteCountMax else { return nil }
        var isIPv6 = false
        for index in bytes.indices where bytes[index] == UInt8(ascii: ":") { isIPv6 = true }
        if isIPv6 {
            guard let (high, low) = NetworkAddress.readIPv6(bytes) else { return nil }
            self.init(ipv6High: high, low: low, port: port)
        } else {
            guard let ipv4 = NetworkAddress.readIPv4(bytes, from: 0) else { return nil }
            self.init(ipv4: ipv4, port: port)
        }
    }

    /// Reads `192.0.2.1:443` or `[2001:db8::1]:443`, the spellings of `description`.
    package init?(_ text: String) {
        let bytes = Array(text.utf8.prefix(NetworkAddress.hostTextByteCountMax + 9))
        guard bytes.count <= NetworkAddress.hostTextByteCountMax + 8,
            let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            let port = NetworkAddress.readPort(bytes.span.extracting((colon + 1)..<bytes.count))
        else { return nil }
        if bytes.first == UInt8(ascii: "[") {
            guard colon >= 2, bytes[colon - 1] == UInt8(ascii: "]"),
                let (high, low) = NetworkAddress.readIPv6(bytes.span.extracting(1..<(colon - 1)))
            else { return nil }
            self.init(ipv6High: high, low: low, port: port)
        } else {
            guard let ipv4 = NetworkAddress.readIPv4(bytes.span.extracting(0..<colon), from: 0)
            else { return nil }
            self.init(ipv4: ipv4, port: port)
        }
    }

    /// The host as text: dotted IPv4, or IPv6 as RFC 5952 §4 wants it.
    package var hostText: String {
        guard isIPv6 else {
            return [24, 16, 8, 0].map { String((low >> $0) & 0xFF) }.joined(separator: ".")
        }
        let groups = [high, low].flatMap { half in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> $0) }
        }
        let run = NetworkAddress.longestZeroRun(groups)
        let text = { (part: ArraySlice<UInt16>) in
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard run.count >= 2 else { return text(groups[...]) }
        return text(groups[..<run.lowerBound]) + "::" + text(groups[run.upperBound...])
    }

    /// The port of a decimal text of 1 to 5 digits; `nil` if it is none or above 65,535.
    package static func readPort(_ bytes: Span<UInt8>) -> UInt16? {
        guard (1...5).contains(bytes.count), bytes.count == 1 || bytes[0] != UInt8(ascii: "0")
        else {
            return nil
        }
        var value: UInt32 = 0
        for index in bytes.indices {
            guard let digit = digit(bytes[index], radix: 10) else { return nil }
            value = value &* 10 &+ digit
        }
        return UInt16(exactly: value)
    }

    /// Reads four decimal numbers from `start` to the end.
    private static func readIPv4(_ bytes: Span<UInt8>, from start: Int) -> UInt32? {
        var address: UInt32 = 0
        var offset = start
        for part in 0..<4 {
            if part > 0 {
                guard bytes.uint8(at: offset) == UInt8(ascii: ".") else { return nil }
                offset += 1
            }
            let first = offset
            var value: UInt32 = 0
            while offset - first < 3, let byte = bytes.uint8(at: offset),
                let digit = digit(byte, radix: 10)
            {
                value = value &* 10 &+ digit
                offset += 1
            }
            let hasLeadingZero = offset - first > 1 && bytes[first] == UInt8(ascii: "0")
            guard offset > first, !hasLeadingZero, value <= 255 else { return nil }
            address = address << 8 | value
        }
        return offset == bytes.count ? address : nil
    }

    /// Reads eight groups of 16 bits, of which one `::` stands for a run of zeros and the last two
    /// may be an IPv4 address.
    private static func readIPv6(_ bytes: Span<UInt8>) -> (high: UInt64, low: UInt64)? {
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap: Int?
        var offset = 0
        let colon = UInt8(ascii: ":")
        if bytes.uint16(at: 0) == 0x3A3A {
            gap = 0
            offset = 2
        }
        while offset < bytes.count {
            guard count < 8 else { return nil }
            let first = offset
            var value: UInt32 = 0
            while offset - first < 4, let byte = bytes.uint8(at: offset),
                let digit = digit(byte, radix: 16)
            {
                value = value << 4 | digit
                offset += 1
            }
            guard offset > first else { return nil }
            if bytes.uint8(at: offset) == UInt8(ascii: ".") {
                guard count <= 6, let ipv4 = readIPv4(bytes, from: first) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: ipv4 >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: ipv4)
                count += 2
                break
            }
            groups[count] = UInt16(truncatingIfNeeded: value)
            count += 1
            if offset == bytes.count { break }
            guard bytes[offset] == colon else { return nil }
            offset += 1
            if bytes.uint8(at: offset) == colon {
                guard gap == nil else { return nil }
                gap = count
                offset += 1
            } else if offset == bytes.count {
                return nil
            }
        }
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        for position in 0..<8 {
            let moved = position - (8 - count)
            var group: UInt16 = 0
            if let gap, position >= gap {
                if moved >= gap { group = groups[moved] }
            } else {
                group = groups[position]
            }
            if position < 4 {
                halves.high = halves.high << 16 | UInt64(group)
            } else {
                halves.low = halves.low << 16 | UInt64(group)
            }
        }
        return halves
    }

    private static func digit(_ byte: UInt8, radix: UInt32) -> UInt32? {
        let value: UInt32
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = UInt32(byte &- UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): value = UInt32(byte &- UInt8(ascii: "A")) + 10
        default: return nil
        }
        return value < radix ? value : nil
    }

    /// The first of the longest runs of zeros (RFC 5952 §4.2.3).
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var best = 0..<0
        var start = 0
        for index in groups.indices {
            if groups[index] != 0 {
                start = index + 1
            } else if index + 1 - start > best.count {
                best = start..<(index + 1)
            }
        }
        return best
    }
}

extension NetworkAddress: CustomStringConvertible {
    /// `192.0.2.1:443` or `[2001:db8::1]:443`. For files and answers of our own, never for logs.
    package var description: String {
        isIPv6 ? "[\(hostText)]:\(port)" : "\(hostText):\(port)"
    }
}
