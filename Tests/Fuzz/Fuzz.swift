import ArgumentParser
import Glibc

/// Feeds changed inputs to every parser of bytes that others write.
@main
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Feed broken inputs to every parser of bytes that others write.",
        discussion: """
            Inputs are made of those in the corpus by changes drawn from a seed. Nothing may trap, \
            hang or take memory without bound, and the rules of each parser have to hold: what is \
            written reads back, chunks of any size give the same, places of errors lie in the \
            input. Each parser runs in a process of its own; what it dies of is made small and \
            kept. Put findings into the corpus: its files are tried again in every test run.

            EXAMPLES
              fuzz --seconds 120
              fuzz --parser yaml --seconds 600 --seed 7
              fuzz --parser json --inputs 100000
              fuzz --parser json --replay fuzz-findings/json/5d2f
              fuzz --list

            EXIT CODES
              0  every rule held
              1  something was found; its file is named
              2  wrong usage, or files cannot be read or written
            """)

    @Option(help: "How long to try, all parsers together.")
    var seconds: Double = 60

    @Option(help: "How many inputs each parser gets, in place of a time.")
    var inputs: Int?

    @Option(help: "What the changes are drawn from.")
    var seed: UInt64 = 1

    @Option(help: "The only parser to try; see --list.")
    var parser: String?

    @Option(help: "The folder with a folder of inputs for each parser.")
    var corpus = "Tests/Fuzz/Corpus"

    @Option(help: "Where to keep what was found.")
    var findings = "fuzz-findings"

    @Option(help: "A file to try once, in this process.")
    var replay: String?

    @Flag(help: "Print the parsers.")
    var list = false

    @Option(help: .hidden)
    var worker: String?

    @Option(help: .hidden)
    var once: String?

    func validate() throws {
        guard seconds >= 0, seconds <= 1e7 else { throw ValidationError("--seconds is too large") }
        guard inputs.map({ $0 >= 0 }) ?? true else {
            throw ValidationError("--inputs must not be negative")
        }
        if let parser, !Parser.all.contains(where: { $0.name == parser }) {
            throw ValidationError("there is no parser \(parser); see --list")
        }
        guard parser != nil || (replay == nil && once == nil && worker == nil) else {
            throw ValidationError("--replay needs --parser")
        }
    }

    func run() throws {
        if list {
            for parser in Parser.all { print(padded(parser.name, 12) + parser.about) }
            return
        }
        let chosen = Parser.all.filter { parser == nil || $0.name == parser }
        do {
            if let worker, let parser = chosen.first {
                return try work(parser, try Slot(worker, making: false))
            }
            if let once, let parser = chosen.first {
                alarm(Worker.hang)
                return _ = Worker.tried(parser, try Slot(once, making: false).input)
            }
            if let replay, let parser = chosen.first {
                return try again(parser, try Files.read(replay))
            }
            try supervise(chosen)
        } catch let error as ExitCode {
            throw error
        } catch {
            let words = Array("fuzz: \(error)\n".utf8)
            _ = write(STDERR_FILENO, words, words.count)
            throw ExitCode(2)
        }
    }

    private func work(_ parser: Parser, _ slot: Slot) throws {
        let worker = Worker(
            parser: parser, corpus: try Files.inputs(in: "\(corpus)/\(parser.name)").map(\.bytes),
            seed: seed, findings: findings)
        try worker.run(
            until: .now + .seconds(inputs == nil ? seconds : 1e7), inputs: inputs, slot)
    }

    private func again(_ parser: Parser, _ input: [UInt8]) throws {
        let check = Worker.tried(parser, input)
        for rule in check.broken { print("\(parser.name): \(rule)") }
        guard check.broken.isEmpty else { throw ExitCode(1) }
        print("\(parser.name): every rule holds; it went: \(check.way)")
    }

    private func supervise(_ parsers: [Parser]) throws {
        let start = ContinuousClock.now
        let supervisor = Supervisor(
            program: "/proc/self/exe", corpus: corpus, findings: findings, seed: seed)
        var (tried, found) = (0, 0)
        for (index, parser) in parsers.enumerated() {
            // What one did not need is for the others.
            let left = seconds - start.duration(to: .now) / .seconds(1)
            let result = try supervisor.run(
                parser, seconds: max(0, left / Double(parsers.count - index)), inputs: inputs)
            tried += result.inputs
            found += result.findings
            say(
                padded(parser.name, 12) + padded("\(result.inputs) inputs", 18)
                    + padded("\(result.ways) ways", 14) + "\(result.findings) findings")
        }
        let took = start.duration(to: .now) / .seconds(1)
        say(
            "\(parsers.count) parsers, \(tried) inputs in \(Int(took.rounded())) s, "
                + "\(found) findings; seed \(seed)")
        if found > 0 { throw ExitCode(1) }
    }

    /// Prints at once, also where nobody but a file reads it: workers write there too.
    private func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.utf8.count))
    }
}
