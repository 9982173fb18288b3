// The connection as the documents of other SDKs number and name it, for adaptors and for tests.
// SPDX-License-Identifier: Apache-2.0

/// Whose numbers and names.
package enum VendorDialect: String, Codable, Hashable, Sendable, CaseIterable {
    /// Agora, server SDK.
    case agora
    /// NetEase, Flutter plugin.
    case neteaseFlutter
    /// NetEase, Web SDK.
    case neteaseWeb
    /// Qiniu, Web SDK.
    case qiniu
    /// Alibaba, Linux SDK.
    case alibaba
}

/// What an application of that SDK would be told of one move.
package struct VendorView: Codable, Hashable, Sendable {
    /// The state's number or name.
    package var state: String
    /// The reason's number or name, where the SDK tells one.
    package var reason: String?
    /// An event of its own that goes with it.
    package var event: String?
}

extension ConnectionChange {
    /// What that SDK tells of this move; `nil`: nothing, it has no such state.
    package func view(in dialect: VendorDialect) -> VendorView? {
        switch dialect {
        case .agora:
            number.map { VendorView(state: $0, reason: agoraReason.map(String.init)) }
        case .neteaseFlutter:
            number.map { VendorView(state: $0, reason: flutterReason.map(String.init)) }
        case .alibaba:
            number.map { VendorView(state: $0, reason: alibabaReason.map(String.init)) }
        case .qiniu: qiniuView
        case .neteaseWeb:
            VendorView(state: webState, event: webEvent)
        }
    }

    /// The states that three of the documents share: 1 to 5, and none for `leaving`.
    private var number: String? {
        switch to {
        case .disconnected: reason.isFailure ? "5" : "1"
        case .connecting: "2"
        case .connected: "3"
        case .reconnecting: "4"
        case .leaving: nil
        }
    }

    private var agoraReason: Int? {
        switch reason {
        case .joinRequested: 0
        case .joined: 1
        case .mediaLost: 2
        case .kicked: 3
        case .left: 5
        case .tokenInvalid, .tokenRequired: 8
        case .tokenExpired: 9
        case .permissionDenied: 10
        case .networkChanged: 13
        case .signalLost: 14
        case .resumed, .restarted: 15
        case .serverMoved, .reconnectTimedOut: 16
        case .duplicateIdentity: 19
        case .roomFull: 20
        case .roomLookupFailed, .linkFailed, .roomNotFound, .encryptionMismatch, .joinTimedOut,
            .serverUnavailable, .invalidArgument:
            4
        case .roomClosed, .serverShutdown, .engineCrashed: 3
        case .notJoined: nil
        }
    }

    private var flutterReason: Int? {
        switch reason {
        case .left: 1
        case .roomClosed: 2
        case .kicked: 3
        case .reconnectTimedOut, .joinTimedOut: 4
        case .joinRequested: 5
        case .joined: 6
        case .resumed, .restarted: 7
        case .mediaLost: 8
        case .signalLost, .networkChanged: 9
        case .roomLookupFailed, .roomNotFound, .roomFull: 10
        case .linkFailed, .tokenInvalid, .tokenRequired, .tokenExpired, .permissionDenied,
            .duplicateIdentity, .encryptionMismatch, .invalidArgument, .serverUnavailable:
            11
        case .serverMoved: 12
        case .notJoined, .serverShutdown, .engineCrashed: nil
        }
    }

    private var alibabaReason: Int? {
        switch reason {
        case .mediaLost, .networkChanged: 1
        case .signalLost: 2
        case .resumed, .restarted: 3
        case .roomLookupFailed: 6
        case .joined: 9
        case .left, .kicked, .roomClosed: 10
        case .joinRequested: 11
        case .serverMoved, .reconnectTimedOut, .serverShutdown, .engineCrashed: 12
        case .notJoined: 0
        default: 8
        }
    }

    private var qiniuView: VendorView? {
        switch to {
        case .leaving: nil
        case .connecting: VendorView(state: "CONNECTING")
        case .reconnecting: VendorView(state: "RECONNECTING")
        case .connected:
            VendorView(state: reason == .joined ? "CONNECTED" : "RECONNECTED")
        case .disconnected:
            switch reason {
            case .left, .notJoined: VendorView(state: "DISCONNECTED", reason: "LEAVE")
            case .kicked: VendorView(state: "DISCONNECTED", reason: "KICKED_OUT")
            case .roomClosed: VendorView(state: "DISCONNECTED", reason: "ROOM_CLOSED")
            case .roomFull: VendorView(state: "DISCONNECTED", reason: "ROOM_FULL")
            default: VendorView(state: "DISCONNECTED", reason: "ERROR")
            }
        }
    }

    private var webState: String {
        switch to {
        case .disconnected: "DISCONNECTED"
        case .connecting, .reconnecting: "CONNECTING"
        case .connected: "CONNECTED"
        case .leaving: "DISCONNECTING"
        }
    }

    private var webEvent: String? {
        switch (to, reason) {
        case (.disconnected, .kicked): "client-banned"
        case (.disconnected, .roomClosed): "channel-closed"
        case (.disconnected, .reconnectTimedOut): "error:RELOGIN_ERROR"
        case (.reconnecting, .signalLost), (.disconnected, .linkFailed): "error:SOCKET_ERROR"
        case (.reconnecting, .mediaLost): "error:MEDIA_TRANSPORT_DISCONNECT"
        case (.disconnected, .duplicateIdentity): "uid-duplicate"
        default: nil
        }
    }
}
