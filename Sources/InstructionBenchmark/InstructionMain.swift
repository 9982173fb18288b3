// martlet-instructions: one publisher to many receivers without sockets, the same work in every run, to be counted.
// SPDX-License-Identifier: Apache-2.0
import CAllocationCounter
import Glibc
import MediaWorker

/// Sets a call up, warms it up, and forwards what is to be counted.
///
/// `Benchmarks/instructions.py` runs it under callgrind, which counts only inside `ForwardedWork.runCounted`.
@main enum InstructionMain {
    static func main() {
        do {
            let options = try InstructionOptions(CommandLine.arguments.dropFirst())
            if let part = options.join {
                print(try JoinCounts.measure(part, options).json)
                return
            }
            var work = try ForwardedWork(options: options)
            work.warmUp()
            allocation_counter_start()
            let counted = work.measure()
            let allocated = allocation_counter_stop()
            print(counted.json(allocations: allocated.allocations))
        } catch {
            print("martlet-instructions: \(error)\n\n\(InstructionOptions.usage)")
            exit(64)
        }
    }
}

/// Why nothing was measured, for people.
struct InstructionFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
