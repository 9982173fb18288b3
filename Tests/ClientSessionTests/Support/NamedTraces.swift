// The traces that both SDKs replay: each tells one story of a connection.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

@testable import ClientSession

/// Every named trace, in the order of the file.
func namedTraces() throws -> [MachineTrace] {
    var traces: [MachineTrace] = []
    func tell(
        _ name: String, _ configuration: MachineTrace.Configuration = .init(),
        canResume: Bool = true, _ story: (inout MachineTrace) -> Void
    ) throws {
        var trace = try joinedTrace(name, configuration: configuration, canResume: canResume)
        story(&trace)
        traces.append(trace)
    }
    func tellFromStart(_ name: String, _ story: (inout MachineTrace) -> Void) throws {
        var trace = try MachineTrace(name)
        story(&trace)
        traces.append(trace)
    }

    try tell("join, talk and leave") {
        $0.passInHealth(from: 600, to: 3_000)
        $0.at(3_000, .leave)
        $0.at(3_050, .leaveConfirmed)
    }
    try tell("leave without an answer") {
        $0.at(1_000, .leave); $0.pass(to: 4_000)
    }
    try tellFromStart("leave while joining") {
        $0.at(0, .join); $0.at(20, .leave)
    }
    try tellFromStart("leave after join was sent") {
        $0.at(0, .join)
        $0.at(20, .socketOpened)
        $0.at(30, .leave)
    }
    try tellFromStart("joining times out") {
        $0.at(0, .join)
        $0.at(20, .socketOpened)
        $0.pass(to: 20_000)
    }
    try tellFromStart("no server") {
        $0.at(0, .join); $0.at(5, .socketClosed)
    }
    for code in ErrorCode.allCases {
        try tellFromStart("join refused with \(code.rawValue)") {
            $0.at(0, .join)
            $0.at(20, .socketOpened)
            $0.at(25, .heard)
            $0.at(25, .joinRefused(code))
        }
    }
    try tell("join twice") { $0.at(1_000, .join) }
    try tellFromStart("leave twice, and before joining") {
        $0.at(0, .leave)
        $0.at(0, .join)
        $0.at(5, .socketClosed)
        $0.at(6, .leave)
        $0.at(7, .join)
    }

    try tell("the socket breaks and the session is resumed") {
        $0.passInHealth(from: 600, to: 2_000)
        $0.at(2_000, .socketClosed)
        $0.at(2_030, .socketOpened)
        $0.at(2_050, .mediaHeard)
        $0.at(2_060, .heard)
        $0.at(2_060, .resumed)
        $0.passInHealth(from: 2_100, to: 4_000)
    }
    try tell("both links silent for 5 s") {
        $0.passInHealth(from: 600, to: 2_000)
        $0.pass(to: 6_900)
        $0.at(7_000, .socketOpened)
        $0.at(7_050, .heard)
        $0.at(7_050, .resumed)
        $0.at(7_200, .mediaHeard)
    }
    try tell("media alone is silent") {
        $0.at(600, .mediaHeard)
        for n in 0..<24 { $0.at(700 + Int64(n) * 500, .heard) }
        $0.at(12_600, .mediaHeard)
    }
    try tell("media never connects") { trace in
        for n in 0..<28 { trace.at(700 + Int64(n) * 500, .heard) }
    }
    try tell("the server does not know the media any more") {
        for n in 0..<8 { $0.at(500 + Int64(n) * 500, .heard) }
        $0.at(4_200, .heard)
        $0.at(4_200, .restartRefused)
        $0.at(4_250, .socketOpened)
        $0.at(4_300, .heard)
        $0.at(4_300, .joined(canResume: true))
        $0.at(4_500, .mediaHeard)
    }
    try tell("the media link is beyond repair") {
        $0.at(1_000, .mediaFailed)
        $0.at(1_050, .socketOpened)
        $0.at(1_100, .heard)
        $0.at(1_100, .joined(canResume: true))
        $0.at(2_000, .socketClosed)
        $0.at(2_010, .mediaFailed)
        $0.at(2_050, .socketOpened)
        $0.at(2_080, .heard)
        $0.at(2_080, .joined(canResume: true))
        $0.at(3_000, .socketClosed)
        $0.at(3_050, .socketOpened)
        $0.at(3_060, .mediaFailed)
        $0.at(3_080, .socketOpened)
        $0.at(3_100, .heard)
        $0.at(3_100, .joined(canResume: true))
    }
    try tell("the session is gone and a new one takes its place") {
        $0.at(1_000, .socketClosed)
        $0.pass(to: 35_000)
        $0.at(35_010, .socketOpened)
        $0.at(35_040, .heard)
        $0.at(35_040, .resumeRefused(.sessionNotFound))
        $0.at(35_100, .heard)
        $0.at(35_100, .joined(canResume: true))
        $0.at(35_300, .mediaHeard)
    }
    try tell("nothing comes back") {
        $0.at(1_000, .socketClosed); $0.pass(to: 60_000)
    }
    for window in [30_000, 50_000] as [Int64] {
        try tell("nothing comes back within \(window / 1_000) s", .init(windowMilliseconds: window))
        {
            $0.at(1_000, .socketClosed)
            for n in 0..<200 { $0.at(1_100 + Int64(n) * 300, .socketClosed) }
        }
    }
    try tell("the server kills and starts anew") {
        $0.at(1_000, .socketClosed)
        $0.at(1_001, .socketClosed)
        $0.pass(to: 1_500)
        $0.at(1_501, .socketClosed)
        $0.pass(to: 3_000)
        $0.at(3_001, .socketOpened)
        $0.at(3_010, .heard)
        $0.at(3_010, .resumeRefused(.sessionNotFound))
        $0.at(3_080, .heard)
        $0.at(3_080, .joined(canResume: true))
        $0.at(3_200, .mediaHeard)
    }
    for reason in DisconnectReason.allCases {
        try tell("told to be disconnected, \(reason.rawValue)") {
            $0.at(1_000, .heard)
            $0.at(1_000, .disconnected(reason, rejoin: false))
            $0.at(1_100, .socketOpened)
            $0.at(1_150, .heard)
            $0.at(1_150, .joined(canResume: true))
        }
    }
    try tell("the server moves") {
        $0.at(1_000, .disconnected(.serverShutdown, rejoin: true))
        $0.at(1_002, .socketClosed)
        $0.pass(to: 1_700)
        $0.at(1_700, .socketOpened)
        $0.at(1_750, .heard)
        $0.at(1_750, .joined(canResume: true))
    }
    for code in ErrorCode.allCases {
        try tell("resume refused with \(code.rawValue)") {
            $0.at(1_000, .socketClosed)
            $0.at(1_010, .socketOpened)
            $0.at(1_020, .heard)
            $0.at(1_020, .resumeRefused(code))
            $0.at(1_040, .joinRefused(code))
        }
    }
    try tell("the network is another one") {
        $0.passInHealth(from: 600, to: 2_000)
        $0.at(2_000, .networkChanged)
        $0.at(2_020, .networkChanged)
        $0.at(2_050, .socketOpened)
        $0.at(2_080, .heard)
        $0.at(2_080, .resumed)
        $0.at(2_200, .mediaHeard)
    }
    try tell("the network comes back during a pause") {
        $0.at(1_000, .socketClosed)
        for at in [1_010, 1_500, 3_000] as [Int64] { $0.at(at, .socketClosed) }
        $0.at(3_100, .networkChanged)
        $0.at(3_150, .socketOpened)
        $0.at(3_160, .heard)
        $0.at(3_160, .resumed)
    }
    try tell("leaving while a link is broken") {
        $0.at(1_000, .socketClosed); $0.at(1_500, .leave)
    }
    try tell("leaving while media is restarted") {
        for n in 0..<8 { $0.at(500 + Int64(n) * 500, .heard) }
        $0.at(4_100, .leave)
        $0.at(4_150, .leaveConfirmed)
    }
    try tell("the machine sleeps for a minute") {
        $0.passInHealth(from: 600, to: 2_000)
        $0.step(62_000, .advance)
        $0.at(62_100, .heard)
        $0.at(62_200, .mediaHeard)
        $0.pass(to: 64_000)
    }
    try tell("a server that resumes nothing", canResume: false) {
        $0.at(1_000, .socketClosed)
        $0.at(1_050, .socketOpened)
        $0.at(1_100, .heard)
        $0.at(1_100, .joined(canResume: false))
    }
    try tell("without media", .init(watchesMedia: false)) {
        for n in 0..<20 { $0.at(500 + Int64(n) * 500, .heard) }
        $0.pass(to: 14_000)
        $0.at(14_100, .socketOpened)
        $0.at(14_150, .heard)
        $0.at(14_150, .resumed)
    }
    return traces
}

/// A trace of inputs drawn from a seed, legal or not, early or late.
func randomTrace(seed: UInt64) throws -> MachineTrace {
    var random = SeededRandom(seed: seed)
    func pick<T>(_ choices: [T]) -> T { choices[Int(random.next() % UInt64(choices.count))] }
    var configuration = MachineTrace.Configuration()
    configuration.windowMilliseconds = pick([30_000, 41_000, 45_000, 50_000])
    configuration.watchesMedia = pick([true, true, true, false])
    configuration.jitterSeed = UInt32(truncatingIfNeeded: random.next())
    var trace = try MachineTrace("random \(seed)", configuration: configuration)
    var now: Int64 = 0
    for _ in 0..<50 {
        let input: SessionMachine.Input
        // What would help comes often, so that the walk gets far.
        switch (trace.phase, random.next() % 4) {
        case (.disconnected, 0...2): input = .join
        case (.connecting, 0...1): input = pick([.socketOpened, .joined(canResume: true)])
        case (.reconnecting, 0...2):
            input = pick([
                .socketOpened, .resumed, .joined(canResume: true), .mediaHeard,
                .resumeRefused(.sessionNotFound), .socketClosed,
            ])
        case (.connected, 0...2): input = pick([.heard, .mediaHeard, .heard, .mediaHeard])
        default:
            input = pick([
                .join, .leave, .socketOpened, .socketClosed, .heard, .joined(canResume: false),
                .joinRefused(pick(ErrorCode.allCases)), .resumed,
                .resumeRefused(pick(ErrorCode.allCases)),
                .disconnected(pick(DisconnectReason.allCases), rejoin: pick([true, false])),
                .leaveConfirmed, .mediaHeard, .restartRefused, .mediaFailed,
                .networkChanged, .advance,
            ])
        }
        let pause = pick([0, 1, 50, 200, 700, 1_500, 4_000, 9_000] as [Int64])
        // Now and then the driver itself slept.
        if random.next() % 24 == 0 {
            trace.step(now + pause, input)
        } else {
            trace.at(now + pause, input)
        }
        now += pause
    }
    return trace
}
