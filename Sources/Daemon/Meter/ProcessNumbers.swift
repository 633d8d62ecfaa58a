import FoundationEssentials
import Glibc
import Telemetry

/// What the kernel says of this process, under the names that all programs use
/// (prometheus.io, "Writing client libraries", process metrics).
enum ProcessNumbers {
    static func write(to page: inout Exposition) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let time = duration(usage.ru_utime) + duration(usage.ru_stime)
        page.family(
            "process_cpu_seconds_total", .counter, "Time on processors, for users and kernel.")
        page.sample("process_cpu_seconds_total", time)
        if let resident = residentBytes() {
            page.gauge("process_resident_memory_bytes", "Memory that is in use.", resident)
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            page.gauge("process_open_fds", "Open files and connections.", files)
        }
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(time.tv_sec) + .microseconds(time.tv_usec)
    }

    private static func residentBytes() -> Int? {
        let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return pages.map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
    }
}
