// That joining and leaving, over and over, leaves nothing behind.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import MediaCodecs
import Testing

@testable import Martlet

@Suite struct LeakTests {
    private func descriptors() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    private func residentKilobytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (Int(text.split(separator: " ").dropFirst().first ?? "0") ?? 0) * 4
    }

    /// `MARTLET_JOINS=1000` for the whole of it; a few will show descriptors as well.
    @Test func Z01_Z08_joiningAndLeavingLeavesNothingBehind() async throws {
        let count = ProcessInfo.processInfo.environment["MARTLET_JOINS"].flatMap { Int($0) } ?? 40
        try await withServer { server in
            func visit() async throws {
                let room = Room()
                try await room.join(JoinOptions(server: server, room: "demo"))
                let source = try AudioSource()
                try await room.localParticipant.publish(source)
                _ = try source.tryWrite(
                    AudioFrame(
                        samples: [Int16](repeating: 0, count: 480), format: source.format))
                let mixed = try await room.mixedAudio()
                _ = try await first(of: mixed) { $0.samples.count }
                await room.leave()
            }
            // What is made once, and what the allocator keeps, is there after some.
            for _ in 0..<10 { try await visit() }
            let (filesBefore, memoryBefore) = (descriptors(), residentKilobytes())
            for _ in 0..<count { try await visit() }
            // What other tests beside it hold at this moment is not this test's.
            try await Task.sleep(for: .milliseconds(200))
            let files = descriptors() - filesBefore
            let memory = (residentKilobytes() - memoryBefore) / count
            print("each of \(count) visits left \(memory) KB; \(files) descriptors more in all")
            #expect(files < count)
            if count >= 200 { #expect(memory < 20 && files <= 3) }
        }
    }
}
