// What a slot says of a packet that it is offered.
// SPDX-License-Identifier: Apache-2.0

extension Slot {
    /// What became of a packet offered to a slot.
    package enum Admission: Sendable, Equatable {
        /// It leaves under these numbers.
        case forward(OutgoingNumbers)
        /// It leaves under these numbers, and is the first of its source.
        case start(OutgoingNumbers)
        /// It leaves under these numbers, and is the first from another layer of the same source.
        case switchLayer(OutgoingNumbers)
        /// It does not leave.
        case drop(Drop)
    }

    /// Why a packet does not leave through a slot.
    package enum Drop: Sendable, Equatable {
        /// The slot waits for a keyframe.
        case awaitingKeyframe
        /// The packet is of the layer that the slot wants to turn to, at a keyframe of it.
        case awaitingLayer
        /// The packet is of a layer that is not to be forwarded.
        case layerNotWanted
        /// Nothing is to be forwarded at present.
        case paused
        /// The receiver did not accept this codec here.
        case codecNotNegotiated
        /// The packet is older than the first of its source here, or of a layer not chosen.
        case notCurrent
    }
}
