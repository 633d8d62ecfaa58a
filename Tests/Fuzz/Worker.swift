import Domain
import Engine
import Glibc

/// Tries inputs in this process until a time or a number is reached. What an input does to the
/// process it does to the worker; whoever started it reads in the slot which one it was.
struct Worker {
    let parser: Parser
    let corpus: [[UInt8]]
    let seed: UInt64
    let findings: String

    /// Processor time that one input may take. Inputs are short; this is a thousand times more
    /// than the slowest of them needs.
    static let longest = Duration.seconds(5)
    /// Wall time after which the worker is ended by a signal.
    static let hang: UInt32 = 60
    /// Memory beyond what the process has at its start.
    static let memory = 3 << 30

    /// Tries the corpus, then what becomes of it.
    func run(until end: ContinuousClock.Instant, inputs most: Int?, _ slot: Slot) throws {
        Self.limitMemory()
        var mutator = Mutator(corpus, longest: parser.longest, seed: seed)
        var ways: Set<String> = []
        var told: Set<String> = []
        var number = 0
        while number < (most ?? .max) {
            if number >= corpus.count, number % 16 == 0, ContinuousClock.now >= end { break }
            let input = number < corpus.count ? corpus[number] : mutator.next()
            number += 1
            slot.input = input
            slot.inputs += 1
            alarm(Self.hang)
            let check = Self.tried(parser, input)
            if ways.count < 20_000, ways.insert(check.way).inserted {
                slot.ways += 1
                if number > corpus.count { mutator.keep(input) }
            }
            for rule in check.broken where told.insert(Self.kind(of: rule)).inserted {
                slot.findings += 1
                let small = Shrinker.shrink(input, trials: 2000) { smaller in
                    Self.tried(parser, smaller).broken.contains {
                        Self.kind(of: $0) == Self.kind(of: rule)
                    }
                }
                let path = try Files.keep(small, of: parser.name, in: findings)
                print("\(parser.name): \(rule)\n  \(path)")
                fflush(nil)
            }
            if told.count > 20 { break }
        }
        alarm(0)
    }

    /// Runs an input and takes the time.
    static func tried(_ parser: Parser, _ input: [UInt8]) -> Check {
        let start = processorTime()
        var check = parser.check(input)
        let took = processorTime() - start
        check.expect(took < longest, "took \(took) of processor time for \(input.count) bytes")
        return check
    }

    /// The rule without what is particular to an input.
    private static func kind(of rule: String) -> String { String(rule.prefix { $0 != ":" }) }

    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func limitMemory() {
        guard let text = try? Files.read("/proc/self/statm"),
            let pages = Int(String(decoding: text.prefix { $0 != 32 }, as: UTF8.self))
        else { return }
        let limit = rlim_t(pages * sysconf(Int32(_SC_PAGESIZE)) + memory)
        var bounds = rlimit(rlim_cur: limit, rlim_max: limit)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &bounds)
        // The input is in the slot; a picture of the memory helps nobody.
        bounds = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &bounds)
    }
}
