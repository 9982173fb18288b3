// martlet-simulate: runs whole systems in virtual time from seeds, and says which did not hold what they must.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import NetworkSimulation

/// Runs seeds, several at a time, and reports in their order.
@main enum SimulatorMain {
    static func main() async {
        let options: SimulatorOptions
        switch SimulatorOptions.parse(CommandLine.arguments.dropFirst()) {
        case .help:
            print(SimulatorOptions.usage)
            return
        case .invalid(let reason):
            print("martlet-simulate: \(reason)\n\n\(SimulatorOptions.usage)")
            exit(64)
        case .options(let parsed): options = parsed
        }
        let isGood = await run(options)
        fflush(nil)
        exit(isGood ? 0 : 1)
    }

    private static func run(_ options: SimulatorOptions) async -> Bool {
        var isGood = true
        var totals: [(name: String, count: Int)] = []
        await withTaskGroup(of: SystemReport.self) { group in
            var next = options.first
            var told = options.first
            let end = options.first + options.count
            var waiting: [UInt64: SystemReport] = [:]
            func start() {
                guard next < end else { return }
                let seed = next
                next += 1
                group.addTask { SystemWorld.run(seed: seed) }
            }
            for _ in 0..<options.threads { start() }
            while let report = await group.next() {
                start()
                waiting[report.seed] = report
                while let report = waiting.removeValue(forKey: told) {
                    told += 1
                    tell(report, options)
                    if !report.violations.isEmpty { isGood = false }
                    if totals.isEmpty { totals = report.figures.map { ($0.name, 0) } }
                    for index in totals.indices {
                        totals[index].count += report.figures[index].count
                    }
                }
            }
        }
        let figures = totals.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
        print("\(options.count) seeds from \(options.first): \(figures)")
        return isGood
    }

    private static func tell(_ report: SystemReport, _ options: SimulatorOptions) {
        if options.isLogged { for line in report.log { print("\(report.seed) \(line)") } }
        for violation in report.violations { print("seed \(report.seed): \(violation)") }
        if !report.violations.isEmpty {
            print("to see it: martlet-simulate --from \(report.seed) --log")
            fflush(nil)
        }
    }
}
