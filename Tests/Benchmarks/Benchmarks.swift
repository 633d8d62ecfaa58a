import Glibc

/// Measures what the design gives figures for. `Benchmarks` alone runs all measurements, each in a
/// process of its own so that peaks of memory belong to one; `Benchmarks NAME…` runs the named.
///
/// Build with `-c release`; figures of a debug build say nothing.
@main
struct Benchmarks {
    static let all: [Measurement] =
        PodListBenchmarks.all + RepositoryBenchmarks.all + MirrorBenchmarks.all
        + EngineBenchmarks.all + ObservedBenchmarks.all

    static func main() {
        let names = CommandLine.arguments.dropFirst()
        guard names != ["--help"] else {
            for measurement in all { print(measurement.name, measurement.summary, separator: "\t") }
            return
        }
        if names.count == 1, let only = all.first(where: { $0.name == names.first }) {
            only.run()
            return
        }
        let known = all.map(\.name)
        if let unknown = names.first(where: { !known.contains($0) }) {
            print("no measurement \(unknown); there are: \(known.joined(separator: ", "))")
            exit(2)
        }
        for measurement in all where names.isEmpty || names.contains(measurement.name) {
            guard Subprocess.runSelf(measurement.name) else {
                print("\(measurement.name) failed")
                exit(1)
            }
        }
    }
}

/// One thing that is measured.
struct Measurement: Sendable {
    let name: String
    let summary: String
    let run: @Sendable () -> Void
}

/// This program again, as another process.
enum Subprocess {
    static func runSelf(_ argument: String) -> Bool {
        var arguments: [UnsafeMutablePointer<CChar>?] = [
            strdup(CommandLine.arguments.first ?? ""), strdup(argument), nil,
        ]
        defer { arguments.forEach { free($0) } }
        var child: pid_t = 0
        guard posix_spawn(&child, "/proc/self/exe", nil, nil, &arguments, environ) == 0 else {
            return false
        }
        var status: Int32 = 0
        return waitpid(child, &status, 0) == child && status == 0
    }
}
