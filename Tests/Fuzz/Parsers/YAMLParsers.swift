import API
import Desired
import Documents
import Domain

extension Parser {
    /// The reader of YAML within its limits.
    static let yaml = Parser(name: "yaml", about: "YAML of any kind") { input, check in
        let documents: [LocatedDocument]
        do throws(YAML.ParseError) {
            documents = try YAML.parse(input)
        } catch {
            check.went(error.reason)
            check.expect(error.position.isInside(input), "position: outside of the input")
            return
        }
        check.went("\(documents.map(\.document.kindName).prefix(3))")
        var end = 0
        for located in documents {
            check.expect(located.byteRange.lowerBound >= end, "ranges: overlap")
            check.expect(located.byteRange.upperBound <= input.count, "range: outside")
            end = located.byteRange.upperBound
            for note in located.notes {
                check.went(note.message)
                check.expect(note.position.isInside(input), "note: outside of the input")
            }
            let written = YAML.write(located.document)
            check.expect(
                (try? YAML.parse(written))?.map { $0.document.canonicalJSON() }
                    == [located.document.canonicalJSON()],
                "YAML: does not read back")
            // A lone text may begin like a mark of the file.
            guard located.document.stringValue == nil, end <= input.count else { continue }
            let alone = Array(input[located.byteRange]) + (end < input.count ? [10] : [])
            check.expect(
                (try? YAML.parse(alone))?.map(\.document) == [located.document],
                "range: is not the document")
        }
    }

    /// Files of a repository.
    static let desired = Parser(name: "desired", about: "files of a repository") { input, check in
        for path in ["models/fraud.yaml", "models/fraud.json"] {
            let reader = FileReader(namespace: "risk", root: "models", accounts: nil)
            let file = DesiredFile(path: path, bytes: input)
            let parsed = reader.read(file) { _ in Array("{\"request\":{},\"expect\":{}}".utf8) }
            for problem in parsed.problems {
                check.went(problem.message)
                if let position = problem.position {
                    check.expect(position.isInside(input), "problem: outside of the input")
                }
            }
            for release in parsed.releases {
                check.expect(release.byteRange.upperBound <= input.count, "range: outside")
                check.expect(release.id.namespace == "risk", "namespace: another one")
                check.went("release")
            }
        }
    }

    /// Files of requests with known answers.
    static let golden = Parser(name: "golden", about: "golden files", longest: 80 << 10) {
        input, check in
        let release = """
            apiVersion: slipway.dev/v1alpha1
            kind: ModelRelease
            metadata: {name: fraud}
            spec:
              runtime: mlserver
              versions: [{name: "7", uri: "s3://m/7", weight: 100}]
              traffic: {gateway: {parentRefs: [{name: web}]}}
              health: {probes: [{golden: golden.jsonl}]}
            """
        let reader = FileReader(namespace: "risk", accounts: nil)
        let file = DesiredFile(path: "fraud.yaml", bytes: Array(release.utf8))
        let parsed = reader.read(file) { $0 == "golden.jsonl" ? input : nil }
        for problem in parsed.problems {
            check.went(problem.message)
            guard let position = problem.position, problem.file == "golden.jsonl" else { continue }
            check.expect(position.isInside(input), "problem: outside of the input")
        }
        if !parsed.hasErrors {
            check.went("read")
            check.expect(parsed.releases.count == 1, "release: neither read nor refused")
        }
    }

    /// A document of one file put into another: two files with a line of `%%%%` between them.
    static let edit = Parser(name: "edit", about: "one release put back into a file") {
        input, check in
        let separator = Array("\n%%%%\n".utf8)
        guard let cut = input.firstRange(of: separator) else { return }
        let head = DesiredFile(path: "a.yaml", bytes: Array(input[..<cut.lowerBound]))
        let proven = DesiredFile(path: "b.yaml", bytes: Array(input[cut.upperBound...]))
        let release = NamespacedName(namespace: "risk", name: "fraud")
        let result = DocumentEdit.restore(
            release: release, in: head, from: proven, namespace: "risk")
        guard let result else { return check.went("nothing") }
        check.went("restored")
        guard let before = try? YAML.parse(head.bytes), let after = try? YAML.parse(result) else {
            return check.expect(false, "result: cannot be read")
        }
        let changed = zip(before, after).enumerated().filter { $1.0.document != $1.1.document }
        check.expect(before.count == after.count && changed.count <= 1, "others: were changed")
        if let place = changed.first?.offset {
            let range = before[place].byteRange
            check.expect(
                result.starts(with: head.bytes[..<range.lowerBound])
                    && result.reversed().starts(with: head.bytes[range.upperBound...].reversed()),
                "bytes: of others were changed")
        }
        let again = DocumentEdit.restore(
            release: release, in: .init(path: "a.yaml", bytes: result), from: proven,
            namespace: "risk")
        check.expect(
            again.flatMap { try? YAML.parse($0).map(\.document) } == after.map(\.document),
            "again: is something else")
    }
}
