// A memory of the latest requests, which tells repeated and replayed transactions from new ones.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

/// A fixed memory of the latest requests, to recognise repeated and replayed transactions.
struct ICERequestMemory {
    private var entries: [(id: STUNTransactionID, path: TransportPath)] = []
    private var next = 0

    /// What a transaction is to this memory.
    enum Finding {
        case new
        case repeated
        /// The same transaction came on another path.
        case replayed
    }

    /// Looks a transaction up and remembers it. O(`ICELimits.rememberedRequests`).
    mutating func note(_ id: STUNTransactionID, on path: TransportPath) -> Finding {
        for entry in entries where entry.id == id {
            return entry.path == path ? .repeated : .replayed
        }
        if entries.count < ICELimits.rememberedRequests {
            entries.append((id, path))
        } else {
            entries[next] = (id, path)
            next = (next + 1) % ICELimits.rememberedRequests
        }
        return .new
    }
}
