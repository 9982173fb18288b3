// libFuzzer entry: the bodies that come over the admin interface.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling

/// Decodes the input as every kind of body; what is accepted must survive a round trip.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    roundTrip(OutgoingMessage.self, bytes)
    roundTrip(ParticipantChange.self, bytes)
    roundTrip(TokenRequest.self, bytes)
    if let creation = roundTrip(RoomCreation.self, bytes) {
        _ = try? RoomConfiguration().applying(creation.options)
    }
    return 0
}

@discardableResult
private func roundTrip<Body: Codable & Equatable>(_ type: Body.Type, _ bytes: [UInt8]) -> Body? {
    guard let body = try? ControlBody.decode(type, from: bytes) else { return nil }
    precondition((try? ControlBody.decode(type, from: ControlBody.encode(body))) == body)
    return body
}
