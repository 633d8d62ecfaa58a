import API
import Desired
import Documents
import Domain
import Testing

@Suite struct FileReaderTests {
    static let reader = FileReader(namespace: "risk", root: "models", accounts: nil)

    /// A valid release; lines can be put under `spec` and `metadata`.
    static func release(
        _ name: String = "fraud", version: String = "7", metadata: String = "", spec: String = ""
    ) -> String {
        """
        apiVersion: slipway.dev/v1alpha1
        kind: ModelRelease
        metadata:
          name: \(name)
        \(metadata.isEmpty ? "" : "  \(metadata)\n")spec:
          runtime: mlserver
          versions:
          - name: "\(version)"
            uri: s3://models/\(name)/\(version)
          traffic:
            gateway: {parentRefs: [{name: edge}], path: /\(name)}
          strategy:
            canary: {steps: [{weight: 10, for: 5m}], bake: 1h}
        \(spec.isEmpty ? "" : "  \(spec)\n")
        """
    }

    static func read(
        _ text: String, _ path: String = "models/fraud/release.yaml", golden: [String: String] = [:]
    ) -> ParsedFile {
        reader.read(DesiredFile(path: path, bytes: Array(text.utf8))) { path in
            golden[path].map { Array($0.utf8) }
        }
    }

    @Test func readsReleasesWithTheirPlaces() throws {
        let text =
            "# ours\n" + Self.release(metadata: "labels: {team: risk}") + "---\n"
            + Self.release("price", version: "1", metadata: "namespace: risk")
        let file = Self.read(text)
        #expect(file.problems.isEmpty)
        #expect(file.releases.map(\.id.description) == ["risk/fraud", "risk/price"])
        #expect(file.releases.map(\.documentIndex) == [0, 1])
        #expect(file.releases.map(\.position.line) == [2, 17])
        let first = try #require(file.releases.first)
        #expect(first.release.metadata.label("team") == "risk")
        #expect(first.spec["versions"]?[0]?["weight"] == nil)
        #expect(first.release.spec.versions.map(\.weight) == [100])
        let bytes = Array(text.utf8)
        #expect(
            String(decoding: bytes[first.byteRange], as: UTF8.self) + "\n"
                == Self.release(metadata: "labels: {team: risk}"))
    }

    // MARK: Service accounts

    private static let account = "serving: {template: {spec: {serviceAccountName: loader}}}"

    private static func read(_ text: String, allowing accounts: [String]?) -> ParsedFile {
        let source = NamespacedName(namespace: "risk", name: "models")
        let reader = FileReader(
            namespace: "risk", root: "models",
            accounts: accounts.map {
                ServiceAccountRule(source, SourceSpec(url: "", serviceAccounts: $0))
            })
        return reader.read(
            DesiredFile(path: "models/a.yaml", bytes: Array(text.utf8))
        ) { _ in nil }
    }

    @Test func aServiceAccountNeedsTheLeaveOfItsSource() throws {
        let text = Self.release(spec: Self.account)
        #expect(Self.read(text, allowing: ["loader"]).problems == [])
        #expect(Self.read(text, allowing: ["loader"]).releases.count == 1)
        let refused = Self.read(text, allowing: ["other"])
        #expect(
            refused.problems.map(\.description) == [
                "models/a.yaml:14:51: service account `loader` is not allowed: ReleaseSource "
                    + "risk/models allows `default`, `other`; add it to spec.serviceAccounts "
                    + "there, or use one of these"
            ])
        #expect(refused.releases == [])
        #expect(refused.hasErrors)
        // The older name of the member, and in the preset's place.
        let older = text.replacing("serviceAccountName", with: "serviceAccount")
        #expect(Self.read(older, allowing: []).releases == [])
        let usual = text.replacing(": loader", with: ": default")
        #expect(Self.read(usual, allowing: []).problems == [])
    }

    @Test func withoutTheSourceAServiceAccountIsAWarning() throws {
        let file = Self.read(Self.release(spec: Self.account), allowing: nil)
        #expect(file.releases.count == 1)
        #expect(file.problems.map(\.severity) == [.warning])
        #expect(
            file.problems.first?.description.hasPrefix(
                "models/a.yaml:14:51: warning: service account `loader` needs an entry in "
                    + "spec.serviceAccounts") == true)
    }

    @Test func filesOfSourcesAloneAreToldApart() throws {
        func sources(_ text: String) -> ([ReleaseSource], [Problem])? {
            Self.reader.readSources(DesiredFile(path: "s.yaml", bytes: Array(text.utf8)))
        }
        let source = """
            apiVersion: slipway.dev/v1alpha1
            kind: ReleaseSource
            metadata: {name: models}
            spec: {url: https://git.example.com/models.git, serviceAccounts: [loader]}

            """
        let (found, problems) = try #require(sources(source))
        #expect(found.map(\.id.description) == ["risk/models"])
        #expect(found.map(\.spec.serviceAccounts) == [["loader"]])
        #expect(problems == [])
        let (none, wrong) = try #require(sources(source.replacing("[loader]", with: "[-]")))
        #expect(none == [])
        #expect(wrong.map(\.description).first?.hasPrefix("s.yaml:4:") == true)
        #expect(sources(source + "---\n" + Self.release()) == nil)
        #expect(sources(Self.release()) == nil)
        #expect(sources("") == nil)
        #expect(sources("a: [") == nil)
    }

    @Test func readsJSON() throws {
        let yaml = try #require(try YAML.parse(Self.release()).first).document
        let text = String(decoding: JSON.write(yaml, pretty: 2), as: UTF8.self)
        let file = Self.read(text, "models/a.json")
        #expect(file.releases.map(\.id.name) == ["fraud"])
        #expect(file.releases.first?.spec == yaml["spec"])
        let broken = text.replacing("\"mlserver\"", with: "\"magic\"")
        let problem = try #require(Self.read(broken, "models/a.json").problems.first)
        #expect(problem.position == Position(line: 8, column: 16))
    }

    static let faults: [(String, String)] = [
        (
            release().replacing(
                "    uri: s3://models/fraud/7",
                with:
                    "    uri: s3://m/7\n    weight: 90\n  - {name: \"8\", uri: s3://m/8, "
                    + "weight: 20}"
            ),
            "8:3: weights sum to 110, must be 100 (7: 90, 8: 20)"
        ),
        (
            release().replacing(
                "    uri: s3://models/fraud/7\n", with: "    uri: s3://m/7\n    wieght: 90\n"),
            "10:5: unknown field `wieght`, did you mean `weight`?"
        ),
        (
            release().replacing("  runtime: mlserver\n", with: ""),
            "5:1: `runtime` is required: mlserver or custom"
        ),
        (
            release().replacing("name: \"7\"", with: "name: 7"),
            "8:11: `name` must be a string; write \"7\" in quotes"
        ),
        (
            release(spec: "gates: []"),
            "14:3: `gates` is not supported by this version of Slipway"
        ),
        (
            release(metadata: "namespace: other"),
            "5:14: `namespace` is `other`, but this source declares releases in its own "
                + "namespace `risk`; leave it out"
        ),
        (
            release(metadata: "annotations: {slipway.dev/approve: x}"),
            "5:17: `slipway.dev/approve` is not taken from Git; it is for the object in the cluster"
        ),
        (
            "apiVersion: slipway.dev/v1alpha1\nkind: ReleaseSource\n",
            "2:7: a ReleaseSource is not read from a repository; apply it to the cluster"
        ),
        (
            "apiVersion: slipway.dev/v1alpha1\nkind: Modelrelease\n",
            "2:7: `kind` is `Modelrelease`, must be `ModelRelease`"
        ),
        (
            "kind: ModelRelease\nmetadata: {name: a}\nspec: {}\n",
            "1:1: `apiVersion` is required: slipway.dev/v1alpha1"
        ),
        (
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n",
            "2:7: a HelmRelease, and Slipway reads plain YAML: render in your CI and "
                + "commit the result"
        ),
        (
            "a: {{ .Values.x }}\nb: [\n",
            "1:5: a key must be text, not a list or mapping; templates are not rendered "
                + "here: render in your CI"
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: slipway.dev/v1alpha1, "
                + "kind: ModelRelease}\n",
            "4:1: a List is not read; write its items as documents of their own"
        ),
    ]

    @Test(arguments: faults)
    func saysWhatIsWrongAndWhere(_ text: String, _ expected: String) {
        let file = Self.read(text)
        #expect(
            file.problems.map(\.description).contains("models/fraud/release.yaml:" + expected),
            "\(file.problems)")
        #expect(file.releases.isEmpty)
        #expect(file.hasErrors)
    }

    static let warnings: [(String, String)] = [
        (
            "apiVersion: v1\nkind: Service\n",
            "1:1: warning: not a Slipway document (v1 Service), ignored"
        ),
        (
            "replicas: 3\n",
            "1:1: warning: not a Slipway document (no apiVersion and kind), ignored"
        ),
        (
            release(metadata: "uid: x"),
            "5:3: warning: `uid` is not taken from Git, ignored"
        ),
        (
            release(metadata: "labels: {a: yes}"),
            "5:15: warning: yes is read as text, other YAML readers take it for true; "
                + "put quotes around it"
        ),
        (
            release() + "status: {}\n",
            "14:1: warning: `status` is written by Slipway, ignored"
        ),
    ]

    @Test(arguments: warnings)
    func warnsWithoutRefusing(_ text: String, _ expected: String) {
        let file = Self.read(text)
        #expect(file.problems.map(\.description) == ["models/fraud/release.yaml:" + expected])
        #expect(!file.hasErrors)
        #expect(file.releases.count == (text.contains("ModelRelease") ? 1 : 0))
    }

    @Test func namesToolsThatMustRenderFirst() {
        for (path, tool) in [
            ("models/kustomization.yaml", "Kustomize"), ("models/x/Chart.yaml", "Helm"),
        ] {
            let file = Self.read("a: 1", path)
            #expect(
                file.problems.map(\.description) == [
                    "\(path): this is a file of \(tool), and Slipway reads plain YAML: "
                        + "render in your CI and commit the result"
                ])
        }
    }

    @Test func readsOnlyItsFolderAndOnlyFilesOfObjects() {
        let read = [
            "models/a.yaml", "models/x/b.yml", "models/c.json", "models/é/ü.yaml",
            "models/kustomization.yaml", "models/Kustomization",
        ]
        let passed = [
            "a.yaml", "other/a.yaml", "modelsx/a.yaml", "models/golden.jsonl", "models/README.md",
            "models/.github/a.yaml", "models/.a.yaml", "models",
        ]
        #expect((read + passed).filter(Self.reader.reads) == read)
        let all = FileReader(namespace: "n", accounts: nil)
        #expect(
            ["a.yaml", "b/c.yml", ".github/workflows/x.yml"].filter(all.reads) == [
                "a.yaml", "b/c.yml",
            ])
    }
}

@Suite struct GoldenFileTests {
    static let probe = "health: {probes: [{golden: tests/golden.jsonl, every: 5s}]}"
    static let line = #"{"request": {"x": 1}, "expect": {"y": [2]}, "tolerance": 0.1}"#

    @Test func casesComeIntoTheSpec() throws {
        let text = FileReaderTests.release(spec: Self.probe)
        let file = FileReaderTests.read(
            text, golden: ["models/tests/golden.jsonl": "\(Self.line)\n\n\(Self.line)\r\n"])
        #expect(file.problems.isEmpty)
        #expect(file.dependencies == ["models/tests/golden.jsonl"])
        let release = try #require(file.releases.first)
        let probe = try #require(release.release.spec.health.probes.first)
        #expect(probe.cases.map(\.tolerance) == [0.1, 0.1])
        #expect(release.spec.at("health", "probes")?[0]?["cases"]?[1]?["expect"] == ["y": [2]])
        #expect(release.spec.at("health", "probes")?[0]?["golden"] == "tests/golden.jsonl")
    }

    @Test func aDotMeansTheFolderOfTheFile() {
        let text = FileReaderTests.release(spec: Self.probe.replacing("tests/", with: "./tests/"))
        let file = FileReaderTests.read(
            text, golden: ["models/fraud/tests/golden.jsonl": Self.line])
        #expect(file.problems.isEmpty)
        #expect(file.dependencies == ["models/fraud/tests/golden.jsonl"])
    }

    @Test func pathsKeepTheirBeginning() {
        let reader = FileReader(namespace: "risk", root: "/srv/models", accounts: nil)
        let text = FileReaderTests.release(spec: Self.probe.replacing("tests/", with: "./"))
        let file = DesiredFile(path: "/srv/models/a/r.yaml", bytes: Array(text.utf8))
        #expect(reader.read(file) { _ in nil }.dependencies == ["/srv/models/a/golden.jsonl"])
    }

    static let faults: [(String?, String)] = [
        (
            nil,
            "models/fraud/release.yaml:14:30: there is no file models/tests/golden.jsonl "
                + "in this commit"
        ),
        ("", "models/tests/golden.jsonl: has no case; a line is {\"request\": …, \"expect\": …}"),
        (
            line + "\n{\"request\": tru}",
            "models/tests/golden.jsonl:2:16: '}' where 'true' should be"
        ),
        (
            line + "\n\n {\"request\": 1}\n",
            "models/tests/golden.jsonl:3:2: expect: is required: what the answer must contain"
        ),
        (
            String(repeating: line + "\n", count: 101),
            "models/tests/golden.jsonl:101:1: more than 100 cases"
        ),
        (
            String(repeating: " ", count: 65_537),
            "models/tests/golden.jsonl: has more than 65536 bytes, a golden file has no more"
        ),
    ]

    @Test(arguments: faults)
    func saysWhatIsWrongInAGoldenFile(_ golden: String?, _ expected: String) {
        let file = FileReaderTests.read(
            FileReaderTests.release(spec: Self.probe),
            golden: golden.map { ["models/tests/golden.jsonl": $0] } ?? [:])
        #expect(file.problems.map(\.description) == [expected])
        #expect(file.releases.isEmpty)
        #expect(file.dependencies == ["models/tests/golden.jsonl"])
    }

    @Test func aHundredCasesAreRead() {
        let file = FileReaderTests.read(
            FileReaderTests.release(spec: Self.probe),
            golden: ["models/tests/golden.jsonl": String(repeating: Self.line + "\n", count: 100)])
        #expect(file.releases.first?.release.spec.health.probes.first?.cases.count == 100)
    }
}
