// Requests that have no answer yet, in the order they were made.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// What was asked and not answered. A request stays here across breaks, so that it is done once: after the server
/// has repeated its answers, what is left is sent again.
struct PendingRequests: Sendable {
    /// The most requests that wait; beyond, the application is told to wait.
    static let countMax = 256

    /// One request.
    struct Request: Sendable {
        let id: RequestID
        let message: ClientMessage
    }

    private(set) var requests: [Request] = []
    private var lastNumber: Int64 = 0

    /// A number no request has had.
    mutating func takeID() -> RequestID {
        lastNumber = lastNumber % RequestID.max + 1
        guard let id = RequestID(lastNumber) else { preconditionFailure("1 to max is a number") }
        return id
    }

    var isFull: Bool { requests.count >= Self.countMax }

    mutating func append(_ message: ClientMessage, id: RequestID) {
        requests.append(Request(id: id, message: message))
    }

    /// Takes the request of an answer; `nil` if it is none of ours.
    mutating func take(_ id: RequestID) -> ClientMessage? {
        guard let index = requests.firstIndex(where: { $0.id == id }) else { return nil }
        return requests.remove(at: index).message
    }

    /// Takes them all.
    mutating func takeAll() -> [Request] {
        defer { requests = [] }
        return requests
    }
}

extension ServerMessage {
    /// The request it answers, if it answers one.
    var answeredRequest: RequestID? {
        switch self {
        case .joined(let id, _), .answer(let id, _), .ok(let id, _), .streamOpened(let id, _),
            .sent(let id, _), .resumed(let id, _):
            id
        case .error(let error): error.requestID
        default: nil
        }
    }
}
