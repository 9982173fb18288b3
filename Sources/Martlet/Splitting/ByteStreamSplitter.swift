// A byte stream cut into what can be pushed, as it comes.
// SPDX-License-Identifier: Apache-2.0

/// Cuts a byte stream, in pieces of any length, into frames. What it is given may be anything: what is no frame is left out and
/// counted, and what is held is bounded.
///
/// ```swift
/// var splitter = AnnexBSplitter(framesPerSecond: 25)
/// for await bytes in camera {                     // from a pipe, a socket, an encoder
///     splitter.append(bytes)
///     while let picture = splitter.next() { try await source.write(picture) }
/// }
/// ```
public protocol ByteStreamSplitter: Sendable {
    /// What comes out.
    associatedtype Frame: Sendable

    /// Takes the next bytes of the stream.
    mutating func append(_ bytes: [UInt8])

    /// The next frame; `nil`: more bytes are needed, or there is none any more.
    mutating func next() -> Frame?

    /// No bytes follow: ``next()`` gives what only the end of the stream completes.
    mutating func finish()

    /// How many bytes were left out, because they belong to no frame or to one that is too large.
    var skippedBytes: UInt64 { get }
}

extension ByteStreamSplitter {
    /// The frames of a stream that is there as a whole.
    public mutating func frames(of bytes: [UInt8]) -> [Frame] {
        append(bytes)
        finish()
        var frames: [Frame] = []
        while let frame = next() { frames.append(frame) }
        return frames
    }
}

extension AsyncSequence where Element == [UInt8] {
    /// The frames of a byte stream that comes piece by piece.
    public func split<Splitter: ByteStreamSplitter>(
        by splitter: Splitter
    ) -> AsyncSplitSequence<Self, Splitter> {
        AsyncSplitSequence(base: self, splitter: splitter)
    }
}

/// The frames of a byte stream that comes piece by piece.
public struct AsyncSplitSequence<Base: AsyncSequence, Splitter: ByteStreamSplitter>: AsyncSequence
where Base.Element == [UInt8] {
    let base: Base
    let splitter: Splitter

    /// Reads the stream.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: Base.AsyncIterator
        var splitter: Splitter
        var isOver = false

        /// The next frame; `nil` at the end of the stream.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Base.Failure) -> Splitter.Frame? {
            while true {
                if let frame = splitter.next() { return frame }
                if isOver { return nil }
                if let bytes = try await base.next(isolation: actor) {
                    splitter.append(bytes)
                } else {
                    isOver = true
                    splitter.finish()
                }
            }
        }

        /// The next frame; `nil` at the end of the stream.
        public mutating func next() async throws(Base.Failure) -> Splitter.Frame? {
            try await next(isolation: nil)
        }
    }

    /// Begins to read.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), splitter: splitter)
    }
}

extension AsyncSplitSequence: Sendable where Base: Sendable {}
