/// Words that do not stand in the code, or only in some places.
enum WordRules {
    /// Tasks without an owner: only the daemon starts them.
    static func looseTasks(_ source: SwiftSource) -> [Violation] {
        guard source.isProduct, source.target != "Daemon" else { return [] }
        return source.tokens.indices.filter {
            guard source.token($0) == "Task", source.token($0 - 1) != "." else { return false }
            return ["{", "("].contains(source.token($0 + 1))
                || source.token($0 + 1) == "."
                    && ["detached", "immediate", "immediateDetached", "init"]
                        .contains(source.token($0 + 2))
        }.map { source.violation(source.tokens[$0].line, "a task of its own outside Daemon") }
    }

    /// Standard output belongs to the programs.
    static func prints(_ source: SwiftSource) -> [Violation] {
        guard source.isProduct, !["slipway", "simulate", "Demo"].contains(source.target) else {
            return []
        }
        return source.tokens.indices.filter {
            ["print", "debugPrint", "dump"].contains(source.token($0))
                && source.token($0 + 1) == "(" && ![".", "func"].contains(source.token($0 - 1))
        }.map { source.violation(source.tokens[$0].line, "\(source.token($0))() in a library") }
    }

    /// Nothing ends the process.
    static func traps(_ source: SwiftSource) -> [Violation] {
        guard source.isProduct else { return [] }
        return source.tokens.indices.compactMap { index in
            let (word, next) = (source.token(index), source.token(index + 1))
            let found: String? =
                switch word {
                case "try" where next == "!", "as" where next == "!": word + "!"
                case "fatalError", "preconditionFailure", "precondition": next == "(" ? word : nil
                case "unowned" where next == "(" && source.token(index + 2) == "unsafe":
                    "unowned(unsafe)"
                default: nil
                }
            return found.map { source.violation(source.tokens[index].line, "\($0) can trap") }
        }
    }

    /// Where the compiler's check is switched off, a comment names the guard.
    static func unguarded(_ source: SwiftSource) -> [Violation] {
        source.tokens.indices.filter {
            source.token($0) == "@unchecked"
                || source.token($0) == "nonisolated" && source.token($0 + 1) == "("
                    && source.token($0 + 2) == "unsafe"
        }.compactMap {
            let line = source.tokens[$0].line
            guard source.comment(at: line).count < 20 else { return nil }
            let word = source.token($0) == "@unchecked" ? "@unchecked" : "nonisolated(unsafe)"
            return source.violation(line, "\(word) without a comment that names the guard")
        }
    }

    /// The pure targets know neither time nor chance nor tasks.
    static func impurities(_ source: SwiftSource) -> [Violation] {
        guard source.isProduct, Imports.pure.contains(source.target) else { return [] }
        let words = [
            "async", "await", "Task", "Date", "ContinuousClock", "SuspendingClock",
            "SystemRandomNumberGenerator", "hashValue", "Hasher", "ObjectIdentifier",
        ]
        let chances = ["random", "shuffled", "shuffle", "randomElement"]
        return source.tokens.indices.compactMap { index in
            let (word, line) = (source.token(index), source.tokens[index].line)
            // What `Hashable` asks for is handed one.
            let isHanded = word == "Hasher" && source.token(index - 1) == "inout"
            if words.contains(word), source.token(index - 1) != "`", !isHanded {
                return source.violation(line, "\(word) in a pure target")
            }
            if chances.contains(word), source.token(index - 1) == ".",
                source.token(index + 1) == "(", !source.lines[line - 1].contains("using:")
            {
                return source.violation(line, "\(word) without a generator in a pure target")
            }
            return nil
        }
    }

    /// Known bugs stand only where the simulator plays them, and what chooses one is compiled only
    /// into proving builds.
    static func mutants(_ source: SwiftSource) -> [Violation] {
        guard source.isProduct else { return [] }
        let isPlayed = Imports.pure.contains(source.target)
        let isProof = ["Simulation", "simulate"].contains(source.target)
        return source.tokens.indices.compactMap { index in
            let (word, next) = (source.token(index), source.token(index + 1))
            let line = source.tokens[index].line
            if ["isMutated", "hit"].contains(word), next == "(", !isPlayed,
                ![".", "func"].contains(source.token(index - 1))
            {
                return source.violation(line, "\(word)() outside of what the simulator plays")
            }
            if word == "PROVING", !isProof, source.path != "Sources/Domain/Proving.swift" {
                return source.violation(line, "only Domain's Proving.swift knows the build")
            }
            return nil
        }
    }

    /// Where order decides, collections without an order are listed with a reason.
    ///
    /// - Parameter listed: file and why the order of its sets and dictionaries does not matter.
    static func unordered(_ source: SwiftSource, listed: [String: String]) -> [Violation] {
        guard
            ["Sources/Engine/", "Sources/Rollouts/", "Sources/Planning/"]
                .contains(where: source.path.hasPrefix), listed[source.path] == nil
        else { return [] }
        return source.tokens.indices.filter {
            let (word, next) = (source.token($0), source.token($0 + 1))
            return ["Set", "Dictionary"].contains(word) && ["<", "("].contains(next)
                || word == "[" && isDictionaryType(source, $0)
        }.map {
            source.violation(
                source.tokens[$0].line,
                "a set or dictionary where order decides: sort it, or list the file and why"
            )
        }
    }

    /// `[Digest: Int]`, not `[Names.digest: value]`.
    private static func isDictionaryType(_ source: SwiftSource, _ open: Int) -> Bool {
        var index = open + 1
        func isType(_ text: String) -> Bool { text.first?.isUppercase ?? false }
        guard isType(source.token(index)) else { return false }
        while source.token(index + 1) == "." { index += 2 }
        guard isType(source.token(index)), source.token(index + 1) == ":" else { return false }
        let value = source.token(index + 2)
        return isType(value) || value == "[" || value == "("
    }
}
