// Bytes of users inside H.264: SEI messages of the kind user_data_unregistered.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Who gave a piece of user data its form: the field `uuid_iso_iec_11578` (ITU-T H.264 §D.2.7).
package struct UserDataUUID: Hashable, Sendable {
    /// Its first eight bytes, the first one highest.
    package var high: UInt64
    /// Its last eight bytes.
    package var low: UInt64

    /// Makes one of its two halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// That of ``MetadataMessage``.
    package static let metadata = UserDataUUID(
        high: 0x9891_AC7F_BE87_40D3, low: 0x9E04_35AA_18C2_2086)
}

/// One message of user data in an H.264 access unit (ITU-T H.264 §D.1.7). VP8 and VP9 have nothing of the kind, so this is for H.264
/// alone; in AV1 it would be metadata OBUs.
package struct H264UserData: Equatable, Sendable {
    /// The most bytes of one message; larger ones are passed over.
    package static let bytesMax = 8_192
    /// The most messages that are read from one access unit, or written into it.
    package static let messagesMax = 32

    private static let enhancementType: UInt8 = 6  // supplemental enhancement information
    private static let userDataUnregistered = 5
    private static let uuidBytes = 16
    /// Larger units of enhancement information are passed over.
    private static let unitBytesMax = 64 << 10

    /// Who gave it its form.
    package var uuid: UserDataUUID
    /// What it says.
    package var bytes: [UInt8]

    /// A message of at most ``bytesMax`` bytes.
    package init(uuid: UserDataUUID, bytes: [UInt8]) {
        self.uuid = uuid
        self.bytes = bytes
    }

    // MARK: Writing

    /// The access unit with messages before its first slice, each in a unit of its own.
    /// - Parameters:
    ///   - messages: At most ``messagesMax`` of at most ``bytesMax`` bytes.
    ///   - accessUnit: A byte stream (ITU-T H.264 Annex B).
    /// - Returns: The new byte stream; nil if it has no slice, or a message is too large, or there are too many.
    package static func inserting(
        _ messages: [H264UserData], into accessUnit: Span<UInt8>
    ) -> [UInt8]? {
        guard messages.count <= messagesMax,
            messages.allSatisfy({ $0.bytes.count <= bytesMax }),
            let place = firstSlice(in: accessUnit)
        else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(
            accessUnit.count + messages.reduce(0) { $0 + $1.bytes.count * 3 / 2 + 64 })
        for index in 0..<place { result.append(accessUnit[index]) }
        for message in messages { message.append(to: &result) }
        for index in place..<accessUnit.count { result.append(accessUnit[index]) }
        return result
    }

    /// Where the start code of the first slice begins, with all of its zeros; also that of the prefix of a slice, which belongs to
    /// it (type 14).
    private static func firstSlice(in accessUnit: Span<UInt8>) -> Int? {
        var cursor = AnnexBUnitCursor(accessUnit)
        while let unit = cursor.next(in: accessUnit) {
            let type = accessUnit[unit.lowerBound] & 0x1F
            guard 1...5 ~= type || type == 14 else { continue }
            var start = unit.lowerBound - 3
            if start > 0, accessUnit[start - 1] == 0 { start -= 1 }
            return start
        }
        return nil
    }

    /// Appends a unit with this message: `| 0 0 0 1 | header | type | size … | uuid | bytes | 1 and zeros |`.
    private func append(to stream: inout [UInt8]) {
        stream.append(contentsOf: [0, 0, 0, 1, Self.enhancementType])
        var zeros = 0
        /// No three bytes of a unit look like a start code (§7.4.1).
        func add(_ byte: UInt8) {
            if zeros >= 2, byte <= 3 {
                stream.append(3)
                zeros = 0
            }
            stream.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
        }
        add(UInt8(Self.userDataUnregistered))
        var size = Self.uuidBytes + bytes.count
        while size >= 255 {
            add(255)
            size -= 255
        }
        add(UInt8(size))
        for half in [uuid.high, uuid.low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                add(UInt8(truncatingIfNeeded: half >> UInt64(shift)))
            }
        }
        for byte in bytes { add(byte) }
        add(0x80)
    }

    // MARK: Reading

    /// The messages before the first slice of an access unit, in order: at most ``messagesMax``. What cannot be read ends its unit.
    /// - Parameters:
    ///   - accessUnit: A byte stream (ITU-T H.264 Annex B). It may be anything.
    ///   - uuid: Whose messages are wanted; nil for all.
    package static func messages(
        in accessUnit: Span<UInt8>, uuid: UserDataUUID? = .metadata
    ) -> [H264UserData] {
        var messages: [H264UserData] = []
        var cursor = AnnexBUnitCursor(accessUnit)
        while let unit = cursor.next(in: accessUnit) {
            let type = accessUnit[unit.lowerBound] & 0x1F
            if 1...5 ~= type { break }
            guard type == enhancementType, unit.count <= unitBytesMax else { continue }
            read(accessUnit.extracting(unit), uuid, into: &messages)
            guard messages.count < messagesMax else { break }
        }
        return messages
    }

    /// Reads the messages of one unit (§7.3.2.3.1).
    private static func read(
        _ unit: Span<UInt8>, _ uuid: UserDataUUID?, into messages: inout [H264UserData]
    ) {
        let payload = withoutPrevention(unit)
        var offset = 1  // behind the header
        // The last byte is of the trailing bits; neither type nor size is worth more than 255 for each byte there is.
        while offset < payload.count - 1, messages.count < messagesMax {
            guard let type = number(in: payload, at: &offset),
                let size = number(in: payload, at: &offset), size <= payload.count - offset
            else { return }
            let end = offset + size
            defer { offset = end }
            guard type == userDataUnregistered, size >= uuidBytes, size <= uuidBytes + bytesMax
            else { continue }
            var halves: (UInt64, UInt64) = (0, 0)
            for index in 0..<8 {
                halves.0 = halves.0 << 8 | UInt64(payload[offset + index])
                halves.1 = halves.1 << 8 | UInt64(payload[offset + 8 + index])
            }
            let found = UserDataUUID(high: halves.0, low: halves.1)
            guard uuid == nil || uuid == found else { continue }
            messages.append(
                H264UserData(uuid: found, bytes: Array(payload[(offset + uuidBytes)..<end])))
        }
    }

    /// A number as SEI counts: bytes of 255, and one that is less.
    private static func number(in payload: [UInt8], at offset: inout Int) -> Int? {
        var value = 0
        while offset < payload.count {
            let byte = payload[offset]
            offset += 1
            value += Int(byte)
            if byte != 255 { return value }
        }
        return nil
    }

    /// The unit without the threes behind two zeros (§7.4.1).
    private static func withoutPrevention(_ unit: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(unit.count)
        var zeros = 0
        for index in unit.indices {
            let byte = unit[index]
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            result.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
        }
        return result
    }
}
