import Testing

/// Every rule for Swift files finds what it is for and leaves the rest alone.
@Suite struct SwiftRuleTests {
    private func source(_ text: String, in target: String = "Engine") -> SwiftSource {
        SwiftSource(path: "Sources/\(target)/Sample.swift", text: text)
    }

    private func repeated(_ line: String, _ count: Int) -> String {
        Array(repeating: line, count: count).joined(separator: "\n")
    }

    // MARK: The scanner

    @Test func tokensLeaveOutCommentsAndStrings() {
        let text = #"""
            let a = "try! \(b.c("}")) {" // as! {
            /* fatalError( /* nested */ { */ let d = #"\( " "# + """
                { "" \(e)
                """
            """#
        #expect(
            source(text).tokens.map(\.text)
                == ["let", "a", "=", "b", ".", "c", "(", ")", "let", "d", "=", "+", "e"]
        )
    }

    @Test func tokensKnowTheirLine() {
        let tokens = source("a\n/* b\n */ c // d\n\"\"\"\n  e\n  \"\"\"\nf").tokens
        #expect(
            tokens == [
                .init(text: "a", line: 1), .init(text: "c", line: 3),
                .init(text: "f", line: 7),
            ]
        )
    }

    // MARK: Shape

    @Test func aFileHasAtMost500Lines() {
        #expect(ShapeRules.fileLength(source(repeated("a", 500) + "\n")) == [])
        let found = ShapeRules.fileLength(source(repeated("a", 501) + "\n"))
        #expect(
            found.map(\.description) == [
                "Sources/Engine/Sample.swift:501: 501 lines in one file, at most 500"
            ]
        )
    }

    @Test func aLineHasAtMost100Columns() {
        let full = String(repeating: "ä", count: 100)
        #expect(ShapeRules.lineLength(source(full)) == [])
        #expect(ShapeRules.lineLength(source("a\n" + full + "b")).map(\.line) == [2])
    }

    @Test func expectedOutputInTestsIsAsLongAsItIs() {
        let long = String(repeating: "x", count: 101)
        let text = "a\n\"\"\"\n" + long + "\n\"\"\" // " + long + "\n// " + long
        #expect(ShapeRules.lineLength(source(text)).map(\.line) == [3, 4, 5])
        let test = SwiftSource(path: "Tests/ATests/A.swift", text: text)
        #expect(ShapeRules.lineLength(test).map(\.line) == [5])
    }

    @Test(arguments: ["func f(a: Int = { 1 }()) -> Int", "init?()", "deinit", "var a: Int"])
    func aFunctionHasAtMost70Lines(head: String) {
        let text = "protocol P {\n func a()\n var b: Int { get }\n}\nstruct S {\n\(head) {\n"
        #expect(ShapeRules.functionLength(source(text + repeated("x()", 68) + "\n}\n}")) == [])
        let found = ShapeRules.functionLength(source(text + repeated("x()", 69) + "\n}\n}"))
        #expect(found.map(\.line) == [6])
    }

    @Test func bracesInStringsDoNotCount() {
        let text = "func f() {\n a(\"}\")\n" + repeated("x() // }", 68) + "\n}"
        #expect(ShapeRules.functionLength(source(text)).map(\.line) == [1])
    }

    @Test func typesForOthersAreDocumented() {
        #expect(ShapeRules.documentedTypes(source("/// What.\n@frozen\npackage struct A {}")) == [])
        #expect(ShapeRules.documentedTypes(source("struct A {}\npackage import B")) == [])
        let text = "/// What.\npackage struct A {}\n\npackage final class B {}"
        #expect(ShapeRules.documentedTypes(source(text)).map(\.line) == [4])
    }

    // MARK: Imports

    @Test(arguments: [
        ("Engine", "package import Cluster"), ("Domain", "import Glibc"),
        ("Transport", "import Domain"), ("Daemon", "import Foundation"),
        ("Commits", "@preconcurrency import struct Foundation.URL"), ("Nowhere", "import Domain"),
    ])
    func importsOutsideTheTableAreFound(target: String, text: String) {
        #expect(Imports.check(source("\n" + text, in: target)).map(\.line) == [2])
    }

    @Test func importsOfTheTableAreFine() {
        #expect(Imports.check(source("package import Domain\nimport Rollouts")) == [])
        #expect(Imports.check(source("import Glibc\nimport CLibCurl", in: "Transport")) == [])
    }

    // MARK: Words

    @Test(arguments: [
        "Task {\n}", "Task(priority: .high) {\n}", "Task.detached {\n}", "_ = Task.init {\n}",
    ])
    func tasksStartInTheDaemonOnly(text: String) {
        #expect(WordRules.looseTasks(source(text, in: "Sandbox")).map(\.line) == [1])
        #expect(WordRules.looseTasks(source(text, in: "Daemon")) == [])
    }

    @Test func groupsAndSleepAreNotLooseTasks() {
        let text = "group.addTask { }\ntry await Task.sleep(for: .zero)\nlet a: Task<Void, Never>?"
        #expect(WordRules.looseTasks(source(text, in: "Sandbox")) == [])
    }

    @Test func librariesDoNotPrint() {
        #expect(WordRules.prints(source("a\nprint(1)")).map(\.line) == [2])
        #expect(WordRules.prints(source("print(1)", in: "slipway")) == [])
        #expect(WordRules.prints(source("a.print(1)\nfunc print() {}")) == [])
    }

    @Test(arguments: [
        "try! a()", "a as! B", "fatalError()", "preconditionFailure(\"\")", "precondition(a)",
        "unowned(unsafe) let a: B", "\"\\(try! a())\"",
    ])
    func trapsAreFound(text: String) {
        #expect(WordRules.traps(source(text)).count == 1)
        #expect(WordRules.traps(SwiftSource(path: "Tests/ATests/A.swift", text: text)) == [])
    }

    @Test func carefulWordsAreNoTraps() {
        #expect(WordRules.traps(source("try? a() as? B // try! as!\nunowned let a: B")) == [])
    }

    @Test(arguments: ["nonisolated(unsafe) let a: B", "final class A: @unchecked Sendable {}"])
    func uncheckedSharingNamesItsGuard(text: String) {
        #expect(WordRules.unguarded(source("\n" + text)).map(\.line) == [2])
        #expect(WordRules.unguarded(source("// Short.\n" + text)).map(\.line) == [2])
        #expect(
            WordRules.unguarded(source("/// Only touched on the loop's thread.\n" + text)) == []
        )
        #expect(WordRules.unguarded(source(text + " // guarded by the lock `state`")) == [])
    }

    @Test(arguments: [
        "func a() async {}", "let a = Date()", "ContinuousClock.now", "a.hashValue",
        "Int.random(in: 0..<2)", "a.shuffled()",
    ])
    func pureTargetsKnowNoTimeAndNoChance(text: String) {
        #expect(WordRules.impurities(source(text)).count == 1)
        #expect(WordRules.impurities(source(text, in: "Daemon")) == [])
    }

    @Test func chanceFromAGeneratorIsFine() {
        #expect(WordRules.impurities(source("Int.random(in: 0..<2, using: &generator)")) == [])
    }

    @Test(arguments: ["isMutated(.noBackoff)", "hit(.reverted)", "#if PROVING\n#endif"])
    func mutantsStayInTheCore(text: String) {
        #expect(WordRules.mutants(source(text, in: "Cluster")).map(\.line) == [1])
        #expect(WordRules.mutants(source(text, in: "Simulation")) == [])
    }

    @Test(arguments: [
        "let a: Set<Int>", "Set(a)", "var a: [Digest: Int]", "Dictionary(grouping: a)",
    ])
    func collectionsWithoutOrderAreListed(text: String) {
        #expect(WordRules.unordered(source(text), listed: [:]).count == 1)
        let listed = ["Sources/Engine/Sample.swift": "only asked for members"]
        #expect(WordRules.unordered(source(text), listed: listed) == [])
        #expect(WordRules.unordered(source(text, in: "Daemon"), listed: [:]) == [])
    }

    @Test func literalsAreNoDictionaries() {
        let text = "[\"a\": .string(b), Names.digest: Document.null]\nlet a: [Digest]\nb[A.self]"
        #expect(WordRules.unordered(source(text), listed: [:]) == [])
    }
}
