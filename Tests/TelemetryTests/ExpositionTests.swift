import Testing

@testable import Telemetry

/// Numbers as Prometheus reads them.
struct ExpositionTests {
    @Test func aCounterIsOneLineForEachSetOfLabels() {
        var counter = Counter("pushes_total", "Pushes.", labels: "purpose", "result")
        counter.add(1, "revert", "pushed")
        counter.add(2, "record", "failed")
        counter.add(1, "revert", "pushed")
        var page = Exposition()
        counter.write(to: &page)
        #expect(
            page.text == """
                # HELP pushes_total Pushes.
                # TYPE pushes_total counter
                pushes_total{purpose="record",result="failed"} 2
                pushes_total{purpose="revert",result="pushed"} 2

                """)
        #expect(counter.value("revert", "pushed") == 2)
        #expect(counter.value("revert", "failed") == 0)
    }

    @Test func aCounterWithoutLabelsBeginsAtZero() {
        var page = Exposition()
        Counter("starts_total", "Starts.").write(to: &page)
        #expect(page.text.hasSuffix("starts_total 0\n"))
    }

    /// Each bucket counts everything that is at most so long.
    @Test func aHistogramIsCumulative() {
        var histogram = Histogram(
            "wait_seconds", "Waits.", labels: "of",
            bounds: [.milliseconds(10), .milliseconds(250), .seconds(1)])
        for milliseconds in [10, 11, 200, 4000] {
            histogram.observe(.milliseconds(milliseconds), "x")
        }
        var page = Exposition()
        histogram.write(to: &page)
        #expect(
            page.text == """
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{of="x",le="0.01"} 1
                wait_seconds_bucket{of="x",le="0.25"} 3
                wait_seconds_bucket{of="x",le="1"} 3
                wait_seconds_bucket{of="x",le="+Inf"} 4
                wait_seconds_sum{of="x"} 4.221
                wait_seconds_count{of="x"} 4

                """)
        #expect(histogram.count("x") == 4)
    }

    @Test(arguments: [
        (Duration.zero, "0"), (.seconds(12), "12"), (.nanoseconds(1), "0.000000001"),
        (.milliseconds(1500), "1.5"), (.milliseconds(-1500), "-1.5"),
        (.milliseconds(-20), "-0.02"), (.microseconds(50), "0.00005"),
    ])
    func secondsAreExact(_ duration: Duration, _ text: String) {
        #expect(Exposition.seconds(duration) == text)
    }

    @Test func whatOthersWriteBreaksNoLine() {
        var page = Exposition()
        page.family("x", .gauge, "One\nline \\ only \"so\".")
        page.sample("x", labels: ["name": "a\"b\\c\nd"], 1)
        #expect(
            page.text == """
                # HELP x One\\nline \\\\ only "so".
                # TYPE x gauge
                x{name="a\\"b\\\\c\\nd"} 1

                """)
        var long = Exposition()
        long.sample("x", labels: ["name": String(repeating: "é", count: 1000)], 1)
        #expect(long.text == "x{name=\"\(String(repeating: "é", count: 253))\"} 1\n")
    }

    @Test func labelsFromOutsideDoNotFillTheMemory() {
        var counter = Counter("x_total", "X.", labels: "name")
        for number in 0..<5000 { counter.add(1, "n\(number)") }
        var page = Exposition()
        counter.write(to: &page)
        #expect(page.text.split(separator: "\n").count == 2 + 1000 + 1)
        #expect(counter.value("other") == 4000)
        counter.add(1, "n1")
        #expect(counter.value("n1") == 2)
    }
}
