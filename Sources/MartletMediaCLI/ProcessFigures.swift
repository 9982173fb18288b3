// What this process takes of the machine.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// CPU time and memory of the process at one moment.
struct ProcessFigures {
    /// Seconds of CPU, of the process and the kernel for it.
    let cpuSeconds: Double
    /// Resident memory in kilobytes.
    let residentKilobytes: Int
    /// Open descriptors.
    let descriptors: Int

    /// As of now; zeros where the system does not say.
    static var now: ProcessFigures {
        var usage = rusage()
        // The structure is that of a variable that lives as long as the call.
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double {
            Double(time.tv_sec) + Double(time.tv_usec) / 1e6
        }
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)).flatMap {
            $0.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))
        return ProcessFigures(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            residentKilobytes: (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1_024,
            descriptors: descriptors?.count ?? 0)
    }

    /// What each of many participants took, in words.
    func line(since before: ProcessFigures, over time: Duration, bots: Int) -> String {
        let cpu = (cpuSeconds - before.cpuSeconds) / (time / .seconds(1)) / Double(bots)
        let memory = (residentKilobytes - before.residentKilobytes) / bots
        let share = (cpu * 1_000).rounded() / 10
        return
            "\(bots) participants: \(share) % of a core, \(memory) KB and \((descriptors - before.descriptors) / bots) descriptors each"
    }
}
