// What a worker's regular rounds ask of each slot: mutating, so that no slot is copied to be asked.
// SPDX-License-Identifier: Apache-2.0
import RTP

extension Slot {
    /// Whether it shows pictures, or is to.
    package var isForPictures: Bool {
        mutating get {
            if case .empty = state { return false }
            return kind == .video
        }
    }

    /// What is added to a timestamp of the present source, for sender reports (RFC 3550 §6.4.1), in ticks.
    package var timestampOffset: UInt32 {
        mutating get { numbering.timestampOffset }
    }
}
