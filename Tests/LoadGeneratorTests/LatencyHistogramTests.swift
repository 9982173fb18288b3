// That times come back out of their buckets nearly as they went in.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import LoadGenerator

@Suite struct LatencyHistogramTests {
    @Test func quantilesComeFromTheRightBucket() {
        var histogram = LatencyHistogram()
        for step in 1...100 { histogram.add(.microseconds(Int64(step) * 100)) }
        #expect(histogram.quantile(0.5) == .microseconds(5_120))
        #expect(histogram.quantile(0.99) == .milliseconds(10))
        histogram.add(.seconds(5))
        histogram.add(.milliseconds(-1))
        #expect(histogram.count == 102)
        #expect(histogram.quantile(1) == .seconds(5))
        #expect(histogram.longest == .seconds(5))
        var other = LatencyHistogram()
        other.add(histogram)
        other.add(histogram)
        #expect(other.count == 204)
        #expect(LatencyHistogram().quantile(0.5) == .zero)
    }

    @Test func everyTimeIsKnownToOneInSixtyFour() {
        var nanoseconds: Int64 = 1
        while nanoseconds < 600_000_000_000 {
            var histogram = LatencyHistogram()
            histogram.add(MediaDuration(nanoseconds: nanoseconds))
            // The longest bounds a quantile, so another one stands above.
            histogram.add(.seconds(700))
            let found = histogram.quantile(0.4).nanoseconds
            #expect(found >= nanoseconds)
            #expect(found - nanoseconds <= max(10_000, nanoseconds / 64), "\(nanoseconds)")
            nanoseconds = nanoseconds * 9 / 7 + 1
        }
    }

    @Test func timesBeyondAllBucketsStopNothing() {
        var histogram = LatencyHistogram()
        histogram.add(MediaDuration(nanoseconds: .max))
        histogram.add(MediaDuration(nanoseconds: .min))
        #expect(histogram.count == 2)
        #expect(histogram.quantile(.nan) <= histogram.longest)
    }
}
