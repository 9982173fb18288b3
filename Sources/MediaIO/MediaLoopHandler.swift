// What a media loop drives: the media worker of the server, or a handler of a test.
// SPDX-License-Identifier: Apache-2.0
package import MediaWorker
package import Wire

/// A sans-IO object that lives on one loop's thread and is told there what happens.
///
/// One turn of the loop calls `apply` for each command, `receive` for each datagram, `receiveRelayed` for each
/// message of another loop, then `advance`, `sendRelayed`, `finishTurn`, and `pollEvent` until it gives nil.
package protocol MediaLoopHandler: ~Copyable {
    /// What other threads ask of the handler.
    associatedtype Command: Sendable
    /// What the handler tells other threads.
    associatedtype Event: Sendable

    /// Takes a datagram, which may be changed in place and stays where it is until the end of the turn.
    mutating func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant)
    /// Does what is due.
    mutating func advance(to now: MediaInstant)
    /// Sends what the turn has brought together.
    mutating func finishTurn<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door)
    /// Hands other loops what the turn has brought together for them.
    mutating func sendRelayed<Door: RelayDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door)
    /// Takes what another loop has handed over; the payload is not needed after the call.
    mutating func receiveRelayed(
        _ message: RelayMessage, payload: Span<UInt8>, from loop: Int, at now: MediaInstant)
    /// When `advance` must be called next; nil: nothing pending.
    var nextDeadline: MediaInstant? { get }
    /// Carries out a command of another thread.
    mutating func apply(_ command: Command, at now: MediaInstant)
    /// The next event; nil when there is none.
    mutating func pollEvent() -> Event?
}

extension MediaLoopHandler where Self: ~Copyable {
    /// Of a handler that has nothing to do with other loops.
    package mutating func sendRelayed<Door: RelayDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {}

    /// Of a handler that has nothing to do with other loops.
    package mutating func receiveRelayed(
        _ message: RelayMessage, payload: Span<UInt8>, from loop: Int, at now: MediaInstant
    ) {}
}
