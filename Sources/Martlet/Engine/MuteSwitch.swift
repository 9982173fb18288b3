// Whether a publication is silent for now.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Set by the application, read by whoever sends.
final class MuteSwitch: Sendable {
    private let state: Atomic<Bool>

    init(_ isMuted: Bool) { state = Atomic(isMuted) }

    var isMuted: Bool {
        get { state.load(ordering: .relaxed) }
        set { state.store(newValue, ordering: .relaxed) }
    }
}
