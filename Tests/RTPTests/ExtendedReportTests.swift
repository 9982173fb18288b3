// That a reference time and its echo give the round trip, and damaged reports give nothing.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import RTP

private let ours = SSRC(0x0102_0304)
private let theirs = SSRC(0x0A0B_0C0D)

private func written(_ write: (inout OutputSpan<UInt8>) -> Bool) -> [UInt8] {
    [UInt8](capacity: 200) { output in _ = write(&output) }
}

private func firstReport(_ bytes: [UInt8]) -> (ExtendedReport, [UInt8])? {
    var reader = RTCPReader()
    guard let packet = try? reader.next(in: bytes.span),
        let report = try? ExtendedReport(packet, in: bytes.span)
    else { return nil }
    return (report, bytes)
}

@Test func aReferenceTimeIsReadBack() throws {
    let time = NTPTime(rawValue: 0x1122_3344_5566_7788)
    let bytes = written { RTCPWriter.referenceTime(from: ours, ntp: time, into: &$0) }
    #expect(bytes.count == 20)
    #expect(Array(bytes[..<12]) == [0x80, 207, 0, 4, 1, 2, 3, 4, 4, 0, 0, 2])
    let (report, _) = try #require(firstReport(bytes))
    #expect(report.reporter == ours)
    #expect(held(report.referenceTime(in: bytes.span)) == time)
    #expect(held(report.roundTrip(of: ours, at: time, in: bytes.span)) == nil)
}

@Test func theEchoOfAReferenceTimeGivesTheRoundTrip() throws {
    let sent = NTPTime(rawValue: 0x1122_3344_5566_7788)
    let bytes = written {
        RTCPWriter.delaySinceReferenceTime(
            from: theirs, to: ours, last: sent.middle, delay: 65_536 / 4, into: &$0)
    }
    #expect(bytes.count == 24)
    let (report, _) = try #require(firstReport(bytes))
    // 375 ms later, of which they had it for 250 ms.
    let now = NTPTime(rawValue: sent.rawValue + (3 << 32) / 8)
    #expect(held(report.roundTrip(of: ours, at: now, in: bytes.span)) == .milliseconds(125))
    #expect(held(report.roundTrip(of: theirs, at: now, in: bytes.span)) == nil)
    #expect(held(report.roundTrip(of: ours, at: sent, in: bytes.span)) == nil)
    #expect(held(report.referenceTime(in: bytes.span)) == nil)
}

@Test func blocksOfOtherTypesArePassedOver() throws {
    // Chromium's target bitrates (type 42) before an echo of two receivers.
    var bytes: [UInt8] = [0x80, 207, 0, 11, 0x0A, 0x0B, 0x0C, 0x0D]
    bytes += [42, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8]
    bytes += [5, 0, 0, 6, 9, 9, 9, 9, 0, 0, 0, 1, 0, 0, 0, 1]
    bytes += [1, 2, 3, 4, 0, 1, 0, 0, 0, 0, 0, 0]
    let (report, _) = try #require(firstReport(bytes))
    let now = NTPTime(rawValue: 0x0000_0002_0000_0000)
    #expect(held(report.roundTrip(of: ours, at: now, in: bytes.span)) == .seconds(1))
    // Every truncation that is still a packet reads nothing outside itself.
    for words in 1..<11 {
        var cut = Array(bytes.prefix(4 + 4 * words))
        cut[3] = UInt8(words)
        let report = firstReport(cut)
        if let report {
            _ = report.0.referenceTime(in: cut.span)
            #expect(held(report.0.roundTrip(of: ours, at: now, in: cut.span)) == nil)
        }
        for length in 0..<256 {
            var damaged = cut
            if damaged.count > 11 { damaged[11] = UInt8(length) }
            guard let report = firstReport(damaged) else { continue }
            _ = report.0.roundTrip(of: ours, at: now, in: damaged.span)
        }
    }
}
