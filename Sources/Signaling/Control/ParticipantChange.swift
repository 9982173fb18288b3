// What the server's own backend changes of somebody who is in a room.
// SPDX-License-Identifier: Apache-2.0

/// A change by the control interface; what is `nil` stays as it is.
package struct ParticipantChange: Codable, Hashable, Sendable {
    /// The new name.
    package var name: DisplayName?
    /// The new text of the application.
    package var metadata: Metadata?
    /// Changes of attributes.
    package var attributes: AttributePatch?
    /// The new role, whether or not its holder may change it itself.
    package var role: ParticipantRole?
    /// Changes of grants.
    package var grants: GrantsChange?

    /// Makes a change.
    package init(
        name: DisplayName? = nil, metadata: Metadata? = nil, attributes: AttributePatch? = nil,
        role: ParticipantRole? = nil, grants: GrantsChange? = nil
    ) {
        self.name = name
        self.metadata = metadata
        self.attributes = attributes
        self.role = role
        self.grants = grants
    }

    /// The part that the others see.
    package var update: ParticipantUpdate {
        ParticipantUpdate(name: name, metadata: metadata, attributes: attributes)
    }
}

/// Which grants to change; `admin` is none of them.
package struct GrantsChange: Hashable, Sendable {
    /// The sources that may be published.
    package var publish: TrackSourceSet?
    /// Whether others may be heard and seen.
    package var subscribe: Bool?
    /// Whether data may be sent.
    package var data: Bool?
    /// Whether the participant may change its role itself.
    package var changeRole: Bool?
    /// Whether the participant may change its own name, metadata and attributes.
    package var updateSelf: Bool?
    /// Whether the participant stays unknown to the others.
    package var hidden: Bool?

    /// Makes a change.
    package init(
        publish: TrackSourceSet? = nil, subscribe: Bool? = nil, data: Bool? = nil,
        changeRole: Bool? = nil, updateSelf: Bool? = nil, hidden: Bool? = nil
    ) {
        self.publish = publish
        self.subscribe = subscribe
        self.data = data
        self.changeRole = changeRole
        self.updateSelf = updateSelf
        self.hidden = hidden
    }

    /// `grants` with this change.
    package func applied(to grants: TokenGrants) -> TokenGrants {
        var changed = grants
        changed.publish = publish ?? grants.publish
        changed.subscribe = subscribe ?? grants.subscribe
        changed.data = data ?? grants.data
        changed.changeRole = changeRole ?? grants.changeRole
        changed.updateSelf = updateSelf ?? grants.updateSelf
        changed.hidden = hidden ?? grants.hidden
        return changed
    }
}

extension GrantsChange: Codable {
    private enum Key: String, CodingKey {
        case publish, subscribe, data, changeRole, updateSelf, hidden
    }

    /// Reads a change; every field may be absent.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        func flag(_ key: Key) throws -> Bool? {
            try fields.decodeIfPresent(Bool.self, forKey: key)
        }
        self.init(
            publish: try fields.decodeIfPresent(PublishGrant.self, forKey: .publish)?.sources,
            subscribe: try flag(.subscribe), data: try flag(.data),
            changeRole: try flag(.changeRole), updateSelf: try flag(.updateSelf),
            hidden: try flag(.hidden))
    }

    /// Writes the fields that change.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encodeIfPresent(publish.map { PublishGrant(sources: $0) }, forKey: .publish)
        try fields.encodeIfPresent(subscribe, forKey: .subscribe)
        try fields.encodeIfPresent(data, forKey: .data)
        try fields.encodeIfPresent(changeRole, forKey: .changeRole)
        try fields.encodeIfPresent(updateSelf, forKey: .updateSelf)
        try fields.encodeIfPresent(hidden, forKey: .hidden)
    }
}
