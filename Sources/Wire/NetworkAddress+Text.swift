// Numeric addresses as text: read strictly, written in one spelling.
// SPDX-License-Identifier: Apache-2.0

extension NetworkAddress {
    /// Reads a numeric address: four decimal numbers, or IPv6 as RFC 4291 §2.2 spells it, without zone or brackets.
    ///
    /// Everything else is `nil`, also the shorthands of old resolvers (`127.1`, `0x7f.1`, leading zeroes), so that
    /// one host cannot hide behind another spelling.
    package init?(hostText: String, port: UInt16) {
        guard hostText.utf8.count <= 45 else { return nil }
        let bytes = Array(hostText.utf8)
        if let ipv4 = Self.ipv4(bytes[...]) {
            self.init(ipv4: ipv4, port: port)
            return
        }
        guard let groups = Self.ipv6(bytes) else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, group) in groups.enumerated() {
            if index < 4 {
                high = high << 16 | UInt64(group)
            } else {
                low = low << 16 | UInt64(group)
            }
        }
        self.init(ipv6High: high, low: low, port: port)
    }

    /// The address without its port; IPv6 as RFC 5952 §4 demands.
    package var hostText: String {
        if let ipv4 {
            return "\(ipv4 >> 24).\(ipv4 >> 16 & 255).\(ipv4 >> 8 & 255).\(ipv4 & 255)"
        }
        var groups: [UInt64] = []
        for index in 0..<8 {
            let half = index < 4 ? high : low
            groups.append(half >> UInt64((3 - index & 3) * 16) & 0xFFFF)
        }
        // The first of the longest runs of zeroes, if at least two groups long, becomes `::`.
        var best = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index > best.count, end - index >= 2 { best = index..<end }
            index = max(end, index + 1)
        }
        let texts = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return texts.joined(separator: ":") }
        return texts[..<best.lowerBound].joined(separator: ":") + "::"
            + texts[best.upperBound...].joined(separator: ":")
    }

    private static func ipv4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let first = part.first, part.count <= 3, part.count == 1 || first != 0x30,
                part.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
            else { return nil }
            let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
            guard number <= 255 else { return nil }
            address = address << 8 | number
        }
        return address
    }

    private static func ipv6(_ bytes: [UInt8]) -> [UInt16]? {
        var parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.count <= 9 else { return nil }
        // A leading or trailing `::` leaves two empty parts side by side: keep one.
        if parts[0].isEmpty {
            guard parts[1].isEmpty else { return nil }
            parts.removeFirst()
        }
        if parts[parts.count - 1].isEmpty {
            guard parts.count >= 2, parts[parts.count - 2].isEmpty else {
                // What is left of `::` alone is one empty part.
                return parts.count == 1 ? Array(repeating: 0, count: 8) : nil
            }
            parts.removeLast()
        }
        var groups: [UInt16] = []
        var gap: Int?
        for (index, part) in parts.enumerated() {
            if part.isEmpty {
                guard gap == nil else { return nil }
                gap = groups.count
            } else if index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let ipv4 = ipv4(part) else { return nil }
                groups.append(UInt16(truncatingIfNeeded: ipv4 >> 16))
                groups.append(UInt16(truncatingIfNeeded: ipv4))
            } else {
                guard part.count <= 4, let group = hexadecimal(part) else { return nil }
                groups.append(group)
            }
        }
        if let gap {
            guard groups.count <= 7 else { return nil }
            groups.insert(contentsOf: Array(repeating: 0, count: 8 - groups.count), at: gap)
        }
        return groups.count == 8 ? groups : nil
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt16? {
        var number: UInt16 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: number = number << 4 | UInt16(digit - 0x30)
            case 0x41...0x46: number = number << 4 | UInt16(digit - 0x41 + 10)
            case 0x61...0x66: number = number << 4 | UInt16(digit - 0x61 + 10)
            default: return nil
            }
        }
        return number
    }
}
