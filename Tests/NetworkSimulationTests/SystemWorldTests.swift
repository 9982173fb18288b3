// Whole systems in virtual time: a few seeds here, a thousand in scripts/simulate.sh.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetworkSimulation

@Suite struct SystemWorldTests {
    @Test(arguments: [1, 2, 3, 5, 8, 13] as [UInt64])
    func whateverHappensAllIsWellAfterwards(seed: UInt64) {
        let report = SystemWorld.run(seed: seed)
        #expect(
            report.violations.isEmpty,
            "to see it: martlet-simulate --from \(seed) --log")
    }

    @Test func theSameSeedTellsTheSameStory() {
        let (first, second) = (SystemWorld.run(seed: 21), SystemWorld.run(seed: 21))
        #expect(first.log == second.log)
        #expect(first.figures.map(\.count) == second.figures.map(\.count))
        #expect(first.log != SystemWorld.run(seed: 22).log)
    }

    /// Six seeds have breaks that are resumed, breaks that are not, and a server that is killed: a
    /// simulation in which nothing happens would prove nothing.
    @Test func muchHappens() {
        var totals: [String: Int] = [:]
        for seed in 30..<36 {
            for figure in SystemWorld.run(seed: UInt64(seed)).figures {
                totals[figure.name, default: 0] += figure.count
            }
        }
        for name in [
            "joined", "resumed", "restarted", "accepted", "server kills", "address changes",
            "relayed",
        ] {
            #expect(totals[name] ?? 0 > 2, "\(name)")
        }
    }

    @Test func noAddressTokenOrSecretIsInTheLog() throws {
        for seed in 50..<54 {
            for line in SystemWorld.run(seed: UInt64(seed)).log {
                #expect(!line.contains("SE_") && !line.contains("eyJ"))
                #expect(line.firstMatch(of: /\d+\.\d+\.\d+\.\d+/) == nil)
            }
        }
    }
}
