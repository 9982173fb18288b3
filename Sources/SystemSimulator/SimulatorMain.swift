// martlet-simulate: runs whole systems in virtual time from seeds, and says which did not hold what they must.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import NetworkSimulation
import Wire

@main struct SimulatorMain {
    static func main() {
        let report = SystemWorld.run(seed: UInt64(CommandLine.arguments.dropFirst().first ?? "1") ?? 1)
        for line in report.log { print(line) }
        for f in report.figures { print(f.name, f.count) }
        for v in report.violations { print("VIOLATION", v) }
    }
}
