import Foundation
import Testing

@testable import fuzz

/// Inputs that once did harm, and those that new ones are made of, in every test run.
@Suite(.timeLimit(.minutes(5)))
struct CorpusTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz/Corpus").path

    /// One file of the corpus, named so that a trap names it too.
    struct Input: CustomTestStringConvertible, Sendable {
        let parser: String
        let name: String
        let bytes: [UInt8]
        var testDescription: String { "\(parser)/\(name)" }
    }

    static let inputs: [Input] = Parser.all.flatMap { parser in
        let files = (try? Files.inputs(in: "\(folder)/\(parser.name)")) ?? []
        return files.map { Input(parser: parser.name, name: $0.name, bytes: $0.bytes) }
    }

    /// Parsers may block and use much of the stack; the threads of tests are not made for that.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: body()) }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    @Test(arguments: inputs)
    func everyRuleHolds(_ input: Input) async throws {
        let parser = try #require(Parser.all.first { $0.name == input.parser })
        #expect(await onThread { parser.check(input.bytes).broken } == [])
    }

    @Test(arguments: Parser.all.map(\.name))
    func everyParserHasInputsThatItReads(_ name: String) async throws {
        let parser = try #require(Parser.all.first { $0.name == name })
        let inputs = Self.inputs.filter { $0.parser == name }
        #expect(!inputs.isEmpty)
        let ways = await onThread { Set(inputs.map { parser.check($0.bytes).way }) }
        #expect(ways != [""])
    }

    /// A few of the inputs that the tool would try; it tries millions.
    @Test(arguments: Parser.all.map(\.name))
    func theFirstChangesBreakNothing(_ name: String) async throws {
        let parser = try #require(Parser.all.first { $0.name == name })
        let inputs = Self.inputs.filter { $0.parser == name }.map(\.bytes)
        let broken = await onThread {
            var mutator = Mutator(inputs, longest: min(parser.longest, 2000), seed: 1)
            return (0..<(name == "git" ? 10 : 50)).flatMap { _ in
                let input = mutator.next()
                return parser.check(input).broken.map {
                    "\($0): \(String(decoding: input, as: UTF8.self))"
                }
            }
        }
        #expect(broken == [])
    }

    @Test func theSameSeedGivesTheSameInputs() {
        let entries = Self.inputs.map(\.bytes)
        var (one, other) = (
            Mutator(entries, longest: 1000, seed: 7), Mutator(entries, longest: 1000, seed: 7)
        )
        for _ in 0..<500 {
            let input = one.next()
            #expect(input == other.next())
            #expect(input.count <= 1000)
        }
    }

    @Test func aFindingIsMadeSmall() {
        let input = Array("some words and a needle in a haystack".utf8)
        let small = Shrinker.shrink(input, trials: 1000) { candidate in
            String(decoding: candidate, as: UTF8.self).contains("needle")
        }
        #expect(small == Array("needle".utf8))
    }

    @Test func aRuleThatBreaksIsNoticed() {
        let parser = Parser(name: "x", about: "") { input, check in
            check.expect(!input.contains(0), "NUL: there is one")
            check.went("length `\(input.count)` of \(input.count)")
        }
        #expect(parser.check([1]).broken == [])
        #expect(parser.check([1, 0]).broken == ["NUL: there is one"])
        #expect(parser.check([1]).way == parser.check([1, 2, 3]).way)
    }
}
