// What a token lets its bearer do in a room.
// SPDX-License-Identifier: Apache-2.0

/// The rights of a participant. What a token leaves out is as in `TokenGrants()`.
package struct TokenGrants: Hashable, Sendable {
    /// The sources that may be published.
    package var publish: TrackSourceSet
    /// Whether others may be heard and seen.
    package var subscribe: Bool
    /// Whether data may be sent.
    package var data: Bool
    /// Whether the admin interface may be used.
    package var admin: Bool
    /// Whether the participant stays unknown to the others; it can then publish nothing.
    package var hidden: Bool

    /// Makes grants; by default those of an ordinary member of a call.
    package init(
        publish: TrackSourceSet = .all, subscribe: Bool = true, data: Bool = true,
        admin: Bool = false, hidden: Bool = false
    ) {
        self.publish = publish
        self.subscribe = subscribe
        self.data = data
        self.admin = admin
        self.hidden = hidden
    }
}

extension TokenGrants: Codable {
    private enum Key: String, CodingKey { case publish, subscribe, data, admin, hidden }

    /// Reads grants; `publish` is a truth value or a list, of which unknown sources are left out.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init()
        if fields.contains(.publish) {
            if let everything = try? fields.decode(Bool.self, forKey: .publish) {
                publish = everything ? .all : []
            } else {
                publish = []
                for name in try fields.decode([String].self, forKey: .publish) {
                    guard let source = TrackSource(rawValue: name) else { continue }
                    publish.insert(TrackSourceSet(source))
                }
            }
        }
        subscribe = try fields.decodeIfPresent(Bool.self, forKey: .subscribe) ?? subscribe
        data = try fields.decodeIfPresent(Bool.self, forKey: .data) ?? data
        admin = try fields.decodeIfPresent(Bool.self, forKey: .admin) ?? admin
        hidden = try fields.decodeIfPresent(Bool.self, forKey: .hidden) ?? hidden
    }

    /// Writes all grants.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        if publish == .all {
            try fields.encode(true, forKey: .publish)
        } else {
            try fields.encode(publish.sources, forKey: .publish)
        }
        try fields.encode(subscribe, forKey: .subscribe)
        try fields.encode(data, forKey: .data)
        try fields.encode(admin, forKey: .admin)
        try fields.encode(hidden, forKey: .hidden)
    }
}
