import ControlPlane
import Documents
import Domain
import Processes
import Testing

@testable import Sandbox

@Suite struct SetupTests {
    // MARK: Text

    @Test(arguments: [
        ("a $(X) b", "a 1 b"), ("$(Y)", "$(Y)"), ("$$(X)", "$(X)"), ("$X $", "$X $"),
        ("$(X", "$(X"), ("$(X)$(X)", "11"), ("$$$(X)", "$1"),
    ])
    func variablesAreExpanded(text: String, result: String) {
        #expect(Expansion.expand(text) { $0 == "X" ? "1" : nil } == result)
    }

    @Test(arguments: [
        ("/etc/model", "/p/m"), ("/etc/model/x", "/p/m/x"),
        ("--file=/etc/model/x", "--file=/p/m/x"),
        ("/opt/etc/model", "/opt/etc/model"), ("/etc/models", "/etc/models"),
        ("cat /etc/model/a;cat '/etc/model/b'", "cat /p/m/a;cat '/p/m/b'"),
        ("/etc/model/inner/x", "/p/i/x"), ("file:///etc/model", "file:///etc/model"),
        ("/etc/model:/etc/model", "/p/m:/p/m"), ("é/etc/model", "é/etc/model"),
    ])
    func pathsOfMountsAreRewritten(text: String, result: String) {
        var mounts = MountPaths()
        mounts.add("/etc/model/", at: "/p/m")
        mounts.add("/etc/model/inner", at: "/p/i")
        #expect(mounts.rewrite(text) == result)
    }

    @Test(arguments: [
        ("128Mi", 134_217_728), ("1G", 1_000_000_000), ("500m", 1), ("2", 2), ("1.5Ki", 1536),
    ])
    func amounts(text: String, units: Int64) {
        #expect(Amount.units(.string(text)) == units)
    }

    @Test func amountsThatAreNone() {
        for text in ["", "x", "1Q", "Mi", "1e400"] { #expect(Amount.units(.string(text)) == nil) }
    }

    // MARK: Images

    @Test func imagesAreFoundByName() throws {
        let table = try ImageTable(
            yaml: Array(
                """
                images:
                  a:1: {command: [one], workingDir: x}
                  a: {command: [any], env: {N: 5}}
                  r.io:5000/b: {command: [b]}
                """.utf8), folder: "/t")
        #expect(table["a:1"]?.command == ["one"])
        #expect(table["a:1"]?.workingDir == "/t/x")
        #expect(table["a:2"]?.command == ["any"])
        #expect(table["a"]?.env == [.init(name: "N", value: "5")])
        #expect(table["a:1@sha256:00"]?.command == ["one"])
        #expect(table["r.io:5000/b:7"]?.command == ["b"])
        #expect(table["r.io:5000/c"] == nil)
        #expect(table["a:1"]?.digest != table["a"]?.digest)
    }

    @Test(arguments: [
        ("a: 1", "one key at the top"), ("images: {a: {}}", "command is missing"),
        ("images: {a: {command: [x], cmd: y}}", "unknown key cmd"),
        ("images: {a: {command: x}}", "must be a list"), ("images: [", "did not find"),
    ])
    func aWrongTableIsRefused(yaml: String, words: String) throws {
        let failure = #expect(throws: ImageTable.Failure.self) {
            try ImageTable(yaml: Array(yaml.utf8), folder: "")
        }
        #expect(failure?.description.contains(words) == true, "\(failure?.description ?? "")")
    }

    // MARK: A container's environment

    private static let objects: [String: Document] = [
        "ConfigMap/m": ["kind": "ConfigMap", "data": ["K": "v", "L": "w"]],
        "Secret/s": ["kind": "Secret", "data": ["P": "cGFzcw=="]],
    ]

    private static func lookup(_ kind: ResourceKind, _ name: String) -> Document? {
        objects["\(kind.kind)/\(name)"]
    }

    private static func setup(_ yaml: String) throws -> ContainerSetup {
        let pod = try #require(try YAML.parse(Array(yaml.utf8)).first?.document)
        let source = FieldReferences.Source(
            pod: pod, podIP: "127.9.0.1", hostIP: "127.0.0.1", nodeName: "n")
        return ContainerSetup(
            source: source, container: pod.at("spec", "containers")?[0] ?? .null,
            mounts: MountPaths(), capacity: ["cpu": "4", "memory": "1Gi"],
            base: [.init(name: "POD_IP", value: "127.9.0.1")], home: "/h")
    }

    @Test func variablesComeFromEverywhere() throws {
        let setup = try Self.setup(
            """
            metadata: {name: p, namespace: d, uid: u, labels: {app: x}}
            spec:
              containers:
              - name: c
                image: repo/i:3
                command: [run, "$(A)-$(K)-$(NOT)"]
                envFrom:
                - {prefix: PRE_, configMapRef: {name: m}}
                - {secretRef: {name: s}}
                - {configMapRef: {name: gone, optional: true}}
                resources: {limits: {memory: 64Mi}, requests: {cpu: 250m}}
                env:
                - {name: A, value: "a"}
                - {name: B, value: "$(A)$(PRE_K)"}
                - {name: K, valueFrom: {configMapKeyRef: {name: m, key: L}}}
                - {name: S, valueFrom: {secretKeyRef: {name: s, key: P}}}
                - {name: O, valueFrom: {secretKeyRef: {name: s, key: Q, optional: true}}}
                - {name: N, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                - {name: AP, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
                - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                - {name: MEM, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
                - {name: CPU, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
                - {name: ALL, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
            """)
        let image = ImageTable.Image(
            command: ["image"], args: ["ignored"],
            env: [.init(name: "HOST", value: "$(POD_IP)"), .init(name: "A", value: "image")],
            workingDir: nil, digest: "0")
        let launch = try setup.launch(image, Self.lookup)
        #expect(launch.command == ["run", "a-w-$(NOT)"])
        #expect(launch.workingDir == "/h")
        #expect(launch.imageID == "repo/i@sha256:0")
        let expected = [
            "HOST": "127.9.0.1", "A": "a", "B": "av", "PRE_K": "v", "PRE_L": "w", "K": "w",
            "S": "pass", "P": "pass", "N": "p", "AP": "x", "IP": "127.9.0.1", "MEM": "67108864",
            "CPU": "250", "ALL": "4",
        ]
        for (name, value) in expected { #expect(launch.value(of: name) == value, "\(name)") }
        #expect(launch.value(of: "O") == nil)
        #expect(launch.variables.count { $0.name == "A" } == 1)
    }

    @Test(arguments: [
        ("{configMapKeyRef: {name: z, key: k}}", "configmap \"z\" not found"),
        ("{secretKeyRef: {name: z, key: k}}", "secret \"z\" not found"),
        ("{configMapKeyRef: {name: m, key: z}}", "couldn't find key z in ConfigMap d/m"),
        ("{fieldRef: {fieldPath: spec.x}}", "unsupported fieldPath: spec.x"),
    ])
    func whatIsMissingIsNamed(reference: String, words: String) throws {
        let setup = try Self.setup(
            """
            metadata: {name: p, namespace: d}
            spec: {containers: [{name: c, image: i, env: [{name: X, valueFrom: \(reference)}]}]}
            """)
        #expect(throws: StartFailure.config(words)) {
            try setup.launch(ImageTable.Image(command: ["x"]), Self.lookup)
        }
    }

    @Test func anArgumentReplacesTheImagesOnly() throws {
        let setup = try Self.setup("spec: {containers: [{name: c, image: i, args: [y]}]}")
        let image = ImageTable.Image(command: ["x"], args: ["z"])
        #expect(try setup.launch(image, Self.lookup).command == ["x", "y"])
        let plain = try Self.setup("spec: {containers: [{name: c, image: i}]}")
        #expect(try plain.launch(image, Self.lookup).command == ["x", "z"])
    }

    // MARK: Volumes

    private static func volumes(_ list: String) throws -> Volumes.Plan {
        let yaml = "metadata: {name: p, labels: {a: b}}\nspec: {volumes: [\(list)]}"
        let pod = try #require(try YAML.parse(Array(yaml.utf8)).first?.document)
        let source = FieldReferences.Source(
            pod: pod, podIP: "127.9.0.1", hostIP: "127.0.0.1", nodeName: "n")
        return try Volumes.plan(source, capacity: [:], lookup)
    }

    @Test func volumesAreFiles() throws {
        let plan = try Self.volumes(
            """
            {name: e, emptyDir: {}}, {name: m, configMap: {name: m, items: [{key: K, path: d/k, \
            mode: 256}]}}, {name: s, secret: {secretName: s}}, {name: f, downwardAPI: {items: \
            [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}, {name: h, hostPath: {path: \
            /srv}}, {name: p, projected: {sources: [{configMap: {name: m}}, {secret: {name: s}}]}}
            """)
        #expect(plan.folders == ["e", "m", "s", "f", "p"])
        let files = plan.files.map { "\($0.path)=\(String(decoding: $0.bytes, as: UTF8.self))" }
        #expect(files == ["m/d/k=v", "s/P=pass", "f/l=a=\"b\"", "p/K=v", "p/L=w", "p/P=pass"])
        #expect(plan.files.first?.mode == 0o400)
        #expect(plan.files.last?.mode == 0o644)
    }

    @Test func mountsAreFoldersOfThePodOrOfTheMachine() throws {
        let pod = try #require(
            try YAML.parse(
                Array(
                    """
                    spec:
                      volumes: [{name: h, hostPath: {path: /srv}}, {name: e, emptyDir: {}}]
                      containers:
                      - volumeMounts:
                        - {name: h, mountPath: /data, subPath: a/b}
                        - {name: e, mountPath: /tmp/x}
                        - {name: e, mountPath: /up, subPath: ../..}
                    """.utf8)
            ).first?.document)
        let container = pod.at("spec", "containers")?[0] ?? .null
        let mounts = Volumes.mounts(container, of: pod, root: "/p")
        #expect(mounts.rewrite("/data/f") == "/srv/a/b/f")
        #expect(mounts.rewrite("/tmp/x") == "/p/e")
        #expect(mounts.rewrite("/up/f") == "/p/e/f", "not out of the volume")
    }

    @Test(arguments: [
        ("{name: v, configMap: {name: z}}", "configmap \"z\" not found"),
        ("{name: v, nfs: {}}", "volumes of type nfs do not exist in the sandbox"),
        (
            "{name: v, configMap: {name: m, items: [{key: Z, path: z}]}}",
            "references non-existent configmap key: Z"
        ),
        (
            "{name: v, configMap: {name: m, items: [{key: K, path: ../z}]}}",
            "invalid path: ../z"
        ),
    ])
    func aVolumeThatCannotBeMadeIsNamed(volume: String, words: String) {
        let failure = #expect(throws: Volumes.Failure.self) { try Self.volumes(volume) }
        #expect(failure?.message == "MountVolume.SetUp failed for volume \"v\" : \(words)")
    }
}
