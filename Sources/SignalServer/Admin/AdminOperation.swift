// What the admin interface can be asked: a method and an address each.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes

/// One operation; its name is the `operationId` of the interface's description (openapi.json).
enum AdminOperation: String, CaseIterable, Sendable {
    case listRooms, createRoom, getRoom, closeRoom
    case listParticipants, getParticipant, changeParticipant, removeParticipant
    case sendMessage
    case createToken
    case getDescription

    /// The address, with names in braces where something is filled in.
    var path: String {
        switch self {
        case .listRooms, .createRoom: "/v1/rooms"
        case .getRoom, .closeRoom: "/v1/rooms/{room}"
        case .listParticipants: "/v1/rooms/{room}/participants"
        case .getParticipant, .changeParticipant, .removeParticipant:
            "/v1/rooms/{room}/participants/{participant}"
        case .sendMessage: "/v1/rooms/{room}/messages"
        case .createToken: "/v1/tokens"
        case .getDescription: "/v1/openapi.json"
        }
    }

    /// The method.
    var method: HTTPRequest.Method {
        switch self {
        case .listRooms, .getRoom, .listParticipants, .getParticipant, .getDescription: .get
        case .createRoom, .sendMessage, .createToken: .post
        case .changeParticipant: .patch
        case .closeRoom, .removeParticipant: .delete
        }
    }

    /// Every address once, with its operations.
    static var byPath: [(path: String, operations: [AdminOperation])] {
        var table: [(path: String, operations: [AdminOperation])] = []
        for operation in allCases {
            if let index = table.firstIndex(where: { $0.path == operation.path }) {
                table[index].operations.append(operation)
            } else {
                table.append((operation.path, [operation]))
            }
        }
        return table
    }
}
