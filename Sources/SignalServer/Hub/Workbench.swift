// Where work that takes milliseconds is done, so that what takes microseconds never waits behind it.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Signaling

/// Threads of their own for reading large messages and answering offers.
///
/// On the threads of Swift's tasks, a handful of clients that send large messages without end would keep everybody
/// else waiting, `/healthz` too. Here they wait for one another. The queue needs no bound of its own: a connection
/// has one job in it at most, since nothing more is read from it meanwhile.
struct Workbench: Sendable {
    /// Messages longer than this are read here, in bytes; shorter ones are read where they come in.
    static let smallMessageBytesMax = 4096
    /// Offers that come as text and are longer than this are answered here, in bytes: twice what browsers offer to play.
    static let smallOfferBytesMax = 16 * 1024
    /// The most threads there are, however many cores.
    static let threadsMax = 8

    private let pool = NIOThreadPool(
        numberOfThreads: min(max(System.coreCount - 1, 1), Self.threadsMax))

    /// Starts the threads.
    func start() { pool.start() }

    /// Lets the job at hand end and stops the threads; jobs that wait fail.
    func stop() async { try? await pool.shutdownGracefully() }

    /// Does a job and waits for it.
    /// - Throws: What the job throws, or `.serverShuttingDown` if it was not begun.
    func run<Value: Sendable>(
        _ job: @escaping @Sendable () throws(SignalingError) -> Value
    ) async throws(SignalingError) -> Value {
        do {
            return try await pool.runIfActive { try job() }
        } catch let error as SignalingError {
            throw error
        } catch {
            throw SignalingError(.serverShuttingDown)
        }
    }
}
