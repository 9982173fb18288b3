// That a connection sends at first what it was told that its path carries.
// SPDX-License-Identifier: Apache-2.0
import NetworkSimulation
import Testing
import Wire

@testable import ClientMedia

@Suite struct StartBitrateTests {
    /// The bytes of pictures that leave in the first second, and what the path is told to carry first.
    private func firstSecond(startBitrate: Double?) throws -> (bytes: Int, first: Double) {
        let call = try NativeCall(seed: 3, startBitrate: startBitrate)
        // 4 Mbit/s.
        call.pictureBytes = 20_000
        call.publisher.connection?.setWantedBitrate(4_000_000)
        call.run(seconds: 1)
        let told = call.publisher.connectionEvents.compactMap {
            if case .bandwidth(let found) = $0.event { found } else { nil }
        }
        return (Int(call.sending?.payloadBytes ?? 0), try #require(told.first))
    }

    @Test func G08_theFirstSecondGoesByWhatThePathIsSaidToCarry() throws {
        let narrow = try firstSecond(startBitrate: 150_000)
        let usual = try firstSecond(startBitrate: nil)
        let wide = try firstSecond(startBitrate: 6_000_000)
        #expect(narrow.first == 150_000 && usual.first == 500_000 && wide.first == 6_000_000)
        #expect(narrow.bytes < usual.bytes && usual.bytes < wide.bytes)
    }
}
