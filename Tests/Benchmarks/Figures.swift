import Glibc

/// Takes times and prints them.
enum Figures {
    /// Runs the work some times and prints the least time of the processor that it took (others on
    /// the machine shall not matter), the rate where `bytes` are given, and the process's peak of
    /// memory.
    static func measure(
        _ name: String, rounds: Int = 3, bytes: Int? = nil,
        items: (count: Int, what: String)? = nil,
        _ work: () -> Void
    ) {
        var best = Double.infinity
        for _ in 0..<max(rounds, 1) {
            let start = processorSeconds()
            work()
            best = min(best, processorSeconds() - start)
        }
        let seconds = max(best, 1e-9)
        var line = "\(padded(name, 44)) \(padded(text(seconds), 12))"
        if let bytes {
            line += padded("\(rounded(Double(bytes) / 1e6 / seconds, 1)) MB/s", 14)
        }
        if let items {
            line += padded("\(text(seconds / Double(items.count))) a \(items.what)", 24)
        }
        print(line + "peak \(peak)")
    }

    /// Prints median, 99th percentile and maximum of times that were taken one by one.
    static func spread(_ name: String, _ seconds: [Double], note: String = "") {
        let ascending = seconds.sorted()
        guard let most = ascending.last else {
            print("\(name): nothing was measured")
            return
        }
        func percentile(_ part: Double) -> String {
            text(ascending[min(ascending.count - 1, Int(Double(ascending.count) * part))])
        }
        print(
            padded(name, 52) + padded("median \(percentile(0.5))", 20)
                + padded("p99 \(percentile(0.99))", 17) + padded("max \(text(most))", 17)
                + padded("n \(ascending.count)", 8) + note)
    }

    /// Time of the processor that this process has used, in seconds.
    static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The most memory the process has had in RAM, from the kernel.
    static var peak: String { "\(rounded(Double(statusField("VmHWM:")) / 1024, 1)) MiB" }

    /// Bytes in RAM now, without what the allocator keeps for later.
    static var resident: Int {
        if let trim = dlsym(nil, "malloc_trim") {
            _ = unsafeBitCast(trim, to: (@convention(c) (Int) -> Int32).self)(0)
        }
        return statusField("VmRSS:") * 1024
    }

    private static func statusField(_ field: String) -> Int {
        guard let file = fopen("/proc/self/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            guard text.hasPrefix(field) else { continue }
            return Int(text.filter { $0.isASCII && $0.isNumber }) ?? 0
        }
        return 0
    }

    private static func text(_ seconds: Double) -> String {
        if seconds >= 1 { return "\(rounded(seconds, 2)) s" }
        if seconds >= 1e-3 { return "\(rounded(seconds * 1e3, 2)) ms" }
        return "\(rounded(seconds * 1e6, 1)) µs"
    }

    private static func rounded(_ value: Double, _ digits: Int) -> Double {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return (value * scale).rounded() / scale
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
