// A request to the admin interface as its routes read it.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import NIOCore
import Signaling

/// The names, parameters and body of a request; each is checked when it is read.
struct AdminRequest: Sendable {
    /// The largest body, in bytes.
    static let bodyBytesMax = 64 * 1024

    let request: Request
    let context: BasicRequestContext
    let workbench: Workbench

    // MARK: Names

    /// The room in the address.
    /// - Throws: `.notFound` for a broken escape, `.invalidRoomName`.
    func room() throws(SignalingError) -> RoomName { try RoomName(segment("room")) }

    /// The participant in the address.
    /// - Throws: `.notFound` for a broken escape, `.invalidParticipantID`.
    func participant() throws(SignalingError) -> ParticipantID {
        try ParticipantID(segment("participant"))
    }

    private func segment(_ name: String) throws(SignalingError) -> String {
        guard let text = context.parameters.get(name).flatMap({ percentDecoded($0) }) else {
            throw SignalingError(.notFound)
        }
        return text
    }

    // MARK: Parameters

    /// A parameter behind the question mark; `nil` if it is absent. A plus sign is a space, as forms write it.
    /// - Throws: `.invalidArgument` if it is given twice or has a broken escape.
    func parameter(_ name: String) throws(SignalingError) -> String? {
        var found: String?
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard percentDecoded(parts[0]) == name else { continue }
            let encoded = parts.count == 2 ? String(parts[1].map { $0 == "+" ? " " : $0 }) : ""
            guard found == nil, let value = percentDecoded(encoded) else {
                throw SignalingError(
                    .invalidArgument, detail: "`\(name)` is given twice or badly escaped.")
            }
            found = value
        }
        return found
    }

    /// A parameter that is a whole number.
    /// - Throws: `.invalidArgument` if it is none, or outside `range`.
    func number(
        _ name: String, in range: ClosedRange<Int64>
    ) throws(SignalingError) -> Int64? {
        guard let text = try parameter(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw SignalingError(
                .invalidArgument,
                detail: "`\(name)` must be \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    // MARK: Body

    /// The body, which must be JSON: its type, its size and its nesting are looked at before it is parsed.
    /// - Throws: `.unsupportedMediaType`, `.messageTooLarge`, or what is wrong with it.
    func body<Value: Decodable & Sendable>(_ type: Value.Type) async throws -> Value {
        guard request.mediaType == "application/json" else {
            throw SignalingError(
                .unsupportedMediaType, detail: "Send the body as application/json.")
        }
        let bytes: [UInt8]
        do {
            bytes = Array(
                try await request.body.collect(upTo: Self.bodyBytesMax).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw SignalingError(.messageTooLarge)
        }
        guard bytes.count > Workbench.smallMessageBytesMax else {
            return try ControlBody.decode(type, from: bytes)
        }
        return try await workbench.run { () throws(SignalingError) in
            try ControlBody.decode(type, from: bytes)
        }
    }
}
