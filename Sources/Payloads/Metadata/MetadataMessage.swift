// What an application sends inside a picture.
// SPDX-License-Identifier: Apache-2.0

/// Bytes of an application that arrive with a picture, and by which their repetitions are known.
///
/// In user data of ``UserDataUUID/metadata``: `| id 64 | bytes … |`.
package struct MetadataMessage: Equatable, Sendable {
    /// The most bytes of an application's message.
    package static let bytesMax = 4_096
    private static let idBytes = 8

    /// The same for all repetitions, and another for each message of a sender.
    package var id: UInt64
    /// 1 to ``bytesMax``.
    package var bytes: [UInt8]

    /// A message; its size is checked by who sends it.
    package init(id: UInt64, bytes: [UInt8]) {
        self.id = id
        self.bytes = bytes
    }

    /// Reads a message; nil if it is none of ours, or larger or smaller than ours are.
    package init?(_ data: H264UserData) {
        guard data.uuid == .metadata,
            Self.idBytes + 1...Self.idBytes + Self.bytesMax ~= data.bytes.count
        else { return nil }
        id = data.bytes.prefix(Self.idBytes).reduce(0) { $0 << 8 | UInt64($1) }
        bytes = Array(data.bytes.dropFirst(Self.idBytes))
    }

    /// The message as it stands in a picture.
    package var userData: H264UserData {
        let id = (0..<Self.idBytes).map { index in
            UInt8(truncatingIfNeeded: self.id >> UInt64(56 - 8 * index))
        }
        return H264UserData(uuid: .metadata, bytes: id + bytes)
    }
}
