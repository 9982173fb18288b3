// A media worker is what a media loop drives in the server.
// SPDX-License-Identifier: Apache-2.0
package import MediaWorker

extension MediaWorker: MediaLoopHandler {
    package typealias Command = WorkerCommand
    package typealias Event = WorkerEvent
}
