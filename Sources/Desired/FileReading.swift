import API
import Documents
import Domain

/// The reading of one file: goes through its documents and collects what they declare and what is
/// wrong.
struct FileReading {
    private let reader: FileReader
    private let path: String
    private let lookup: (String) -> [UInt8]?
    private var releases: [DeclaredRelease] = []
    /// Filled by ``addSource(_:)`` alone.
    private(set) var sources: [ReleaseSource] = []
    private var problems: [Problem] = []
    private var dependencies: Set<String> = []

    init(reader: FileReader, path: String, lookup: @escaping (String) -> [UInt8]?) {
        self.reader = reader
        self.path = path
        self.lookup = lookup
    }

    func result() -> ParsedFile {
        ParsedFile(
            path: path, releases: releases, problems: problems, dependencies: dependencies.sorted())
    }

    mutating func add(_ located: LocatedDocument, _ index: Int) {
        let document = located.document
        let apiVersion = document["apiVersion"]?.stringValue
        let kind = document["kind"]?.stringValue
        let ours = apiVersion?.hasPrefix("\(Names.group)/") ?? (kind == Self.release)
        guard ours else { return addForeign(located, apiVersion, kind) }
        switch kind {
        case Self.release: addRelease(located, index)
        case ResourceKind.releaseSource.kind:
            fail(
                located, .root["kind"],
                "a ReleaseSource is not read from a repository; apply it to the cluster")
        case let kind?:
            fail(located, .root["kind"], "is `\(kind.prefix(64))`, must be `\(Self.release)`")
        case nil:
            fail(located, .root["kind"], "is required: \(Self.release)")
        }
    }

    private static let release = ResourceKind.modelRelease.kind

    // MARK: Documents of others

    private mutating func addForeign(
        _ located: LocatedDocument, _ apiVersion: String?, _ kind: String?
    ) {
        switch (apiVersion, kind) {
        case (_, "Kustomization"?), (_, "HelmRelease"?), (_, "HelmChart"?):
            let message = FileReader.renderFirst("a \(kind ?? "")")
            fail(located, .root["kind"], message)
        case (_, "List"?) where holdsReleases(located.document):
            fail(
                located, .root["items"],
                "a List is not read; write its items as documents of their own")
        case (let apiVersion?, let kind?):
            let name = "\(apiVersion.prefix(64)) \(kind.prefix(64))"
            warn(located, .root, "not a Slipway document (\(name)), ignored")
        default:
            warn(located, .root, "not a Slipway document (no apiVersion and kind), ignored")
        }
    }

    private func holdsReleases(_ list: Document) -> Bool {
        (list["items"]?.arrayValue ?? []).contains {
            $0["apiVersion"]?.stringValue?.hasPrefix("\(Names.group)/") ?? false
        }
    }

    // MARK: Releases

    private mutating func addRelease(_ located: LocatedDocument, _ index: Int) {
        let errorsBefore = errorCount
        let (_, errors) = outcome(ModelRelease.decode(located.document))
        report(errors, located)
        checkMetadata(located)
        for note in located.notes {
            problems.append(
                Problem(.warning, file: path, position: note.position, note.message))
        }
        guard errorCount == errorsBefore else { return }

        var document = located.document
        document.set(["metadata", "namespace"], to: .string(reader.namespace))
        resolveGolden(&document, located)
        guard errorCount == errorsBefore else { return }
        let (release, late) = outcome(ModelRelease.decode(document, resolved: true))
        report(late, located)
        guard let release, let spec = document["spec"], errorCount == errorsBefore else { return }
        checkAccounts(release.spec.serving.serviceAccounts, located)
        guard errorCount == errorsBefore else { return }
        let declared = DeclaredRelease(
            release: release, spec: spec, file: path, documentIndex: index,
            byteRange: located.byteRange, position: located.nearestPosition(of: .root))
        releases.append(declared)
    }

    /// The source says which service accounts its releases may use.
    private mutating func checkAccounts(_ accounts: [String], _ located: LocatedDocument) {
        let pod = FieldPath.root["spec"]["serving"]["template"]["spec"]
        for account in accounts {
            let member = ServiceAccountRule.members.first {
                located.document.at("spec", "serving", "template", "spec")?[$0]?.stringValue
                    == account
            }
            let place = pod[member ?? ServiceAccountRule.members[0]]
            guard let rule = reader.accounts else {
                warn(
                    located, place,
                    "service account `\(account)` needs an entry in spec.serviceAccounts of the "
                        + "ReleaseSource that delivers this; give the file with the "
                        + "ReleaseSource too, and it is checked")
                continue
            }
            guard let problem = rule.problem(with: [account]) else { continue }
            if reader.isStrictAboutAccounts {
                fail(located, place, problem)
            } else {
                warn(located, place, problem)
            }
        }
    }

    private var errorCount: Int { problems.count { $0.severity == .error } }

    private func outcome(
        _ result: DecodeResult<ModelRelease>
    ) -> (ModelRelease?, [FieldError]) { (result.value, result.errors) }

    private mutating func checkMetadata(_ located: LocatedDocument) {
        let path = FieldPath.root["metadata"]
        let metadata = located.document["metadata"]
        if let namespace = metadata?["namespace"]?.stringValue, namespace != reader.namespace {
            fail(
                located, path["namespace"],
                "is `\(namespace.prefix(64))`, but this source declares releases in its own "
                    + "namespace `\(reader.namespace)`; leave it out")
        }
        for key in metadata?["annotations"]?.objectValue?.keys ?? [] {
            guard Self.notFromGit.contains(key) else { continue }
            fail(
                located, path["annotations"][key],
                "`\(key)` is not taken from Git; it is for the object in the cluster",
                ofKey: true)
        }
        let known = ["name", "namespace", "labels", "annotations"]
        for key in metadata?.objectValue?.keys ?? [] where !known.contains(key) {
            warn(located, path[key], "`\(key.prefix(64))` is not taken from Git, ignored", true)
        }
        if located.document["status"] != nil {
            warn(located, .root["status"], "`status` is written by Slipway, ignored", true)
        }
    }

    /// Hand actions, and what the controller notes down itself.
    private static let notFromGit = [
        Names.approve, Names.pause, Names.promote, Names.retry, Names.rollback, Names.source,
        Names.commit, Names.author, Names.file,
    ]

    // MARK: Sources beside a repository

    static func isSource(_ document: Document) -> Bool {
        document["kind"]?.stringValue == ResourceKind.releaseSource.kind
            && document["apiVersion"]?.stringValue?.hasPrefix("\(Names.group)/") ?? false
    }

    mutating func addSource(_ located: LocatedDocument) {
        var document = located.document
        if document["metadata"]?["namespace"] == nil {
            document.set(["metadata", "namespace"], to: .string(reader.namespace))
        }
        let result = ReleaseSource.decode(document)
        report(result.errors, located)
        if let source = result.value { sources.append(source) }
    }

    // MARK: Golden files

    private mutating func resolveGolden(_ document: inout Document, _ located: LocatedDocument) {
        let path = FieldPath.root["spec"]["health"]["probes"]
        guard var probes = document.at("spec", "health", "probes")?.arrayValue else { return }
        for (index, probe) in probes.enumerated() {
            guard let written = probe["golden"]?.stringValue else { continue }
            let place = path[index]["golden"]
            guard probe["cases"]?.isNull ?? true else {
                fail(located, place, "stands beside `cases`; name one of them")
                continue
            }
            let file = reader.goldenPath(written, in: self.path)
            dependencies.insert(file)
            guard let bytes = lookup(file) else {
                fail(located, place, "there is no file \(file) in this commit")
                continue
            }
            let golden = GoldenFile(path: file, bytes: bytes)
            guard golden.problems.isEmpty else {
                problems += golden.problems
                continue
            }
            probes[index]["cases"] = .array(golden.cases)
        }
        document.set(["spec", "health", "probes"], to: .array(probes))
    }

    // MARK: Reporting

    private mutating func report(_ errors: [FieldError], _ located: LocatedDocument) {
        for error in errors {
            fail(located, error.path, Self.text(error), ofKey: error.concernsKey)
        }
    }

    /// The message with what it is about, where the place alone does not say it.
    private static func text(_ error: FieldError) -> String {
        guard let last = error.path.parts.last, !error.concernsKey,
            startsWithVerb(error.message)
        else { return error.message }
        if case .key(let key) = last { return "`\(key.prefix(64))` \(error.message)" }
        return "\(error.path) \(error.message)"
    }

    /// `is required`, `must be …`, `has …` speak of a field that they do not name.
    private static func startsWithVerb(_ message: String) -> Bool {
        let verbs = ["is ", "must ", "has ", "needs ", "lacks ", "stands ", "are "]
        return verbs.contains { message.hasPrefix($0) }
    }

    private mutating func fail(
        _ located: LocatedDocument, _ place: FieldPath, _ message: String, ofKey: Bool = false
    ) {
        let error = FieldError(place, message, concernsKey: ofKey)
        problems.append(
            Problem(
                file: path, position: located.nearestPosition(of: place, ofKey: ofKey),
                Self.text(error)))
    }

    private mutating func warn(
        _ located: LocatedDocument, _ place: FieldPath, _ message: String, _ ofKey: Bool = false
    ) {
        let position = located.nearestPosition(of: place, ofKey: ofKey)
        problems.append(Problem(.warning, file: path, position: position, message))
    }
}
