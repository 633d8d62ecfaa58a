import API
import Documents
import Domain

/// The files that a team begins with: one release, its golden file, and how to follow them.
struct FirstRepository {
    var name: String
    var namespace: String
    var runtime: Runtime
    var uri: String
    /// `NAME` or `NAMESPACE/NAME`.
    var gateway: String
    var repository: String

    /// A file and what it is for.
    struct File {
        let path: String
        let purpose: String
        let text: String
    }

    /// In the order in which people look at them. What begins with a dot the controller does not
    /// read as declarations.
    var files: [File] {
        [
            File(path: "models/\(name).yaml", purpose: "what should serve", text: release),
            File(
                path: "models/\(name).golden.jsonl",
                purpose: "requests with the answers they must get", text: golden),
            File(
                path: ".slipway/source.yaml", purpose: "makes the cluster follow this repository",
                text: source),
            File(path: "README.md", purpose: "how the team works with it", text: readme),
        ] + schemas
    }

    /// What `slipway schema` prints, beside the files that name it.
    var schemas: [File] {
        SchemaCommand.Kind.allCases.map {
            File(
                path: ".slipway/\($0.file)", purpose: "what editors know of a \($0.rawValue)",
                text: $0.text)
        }
    }

    /// What is wrong with the values, each with its flag; asked of the decoders.
    var problems: [String] {
        let release: Document = [
            "apiVersion": .string(ResourceKind.modelRelease.apiVersion),
            "kind": .string(ResourceKind.modelRelease.kind), "metadata": metadata(name),
            "spec": [
                "runtime": .string(Runtime.mlserver.rawValue),
                "versions": [["name": .string(version), "uri": .string(uri)]],
                "traffic": ["gateway": ["parentRefs": [parent]]],
            ],
        ]
        let source: Document = [
            "apiVersion": .string(ResourceKind.releaseSource.apiVersion),
            "kind": .string(ResourceKind.releaseSource.kind), "metadata": metadata("models"),
            "spec": ["url": .string(repository)],
        ]
        let errors =
            ModelRelease.decode(release).errors
            + ReleaseSource.decode(source).errors.filter { $0.path.parts.first == .key("spec") }
        return errors.map { "\(Self.flag($0.path)): \($0.message)" }
    }

    private static func flag(_ path: FieldPath) -> String {
        switch path.parts.dropFirst().first {
        case .key("name"): "--name"
        case .key("namespace"): "--namespace"
        case .key("versions"): "--uri"
        case .key("traffic"): "--gateway"
        case .key("url"): "--repository"
        default: "\(path)"
        }
    }

    private func metadata(_ name: String) -> Document {
        ["name": .string(name), "namespace": .string(namespace)]
    }

    private var parent: Document {
        guard let slash = gateway.firstIndex(of: "/") else { return ["name": .string(gateway)] }
        return [
            "name": .string(String(gateway[gateway.index(after: slash)...])),
            "namespace": .string(String(gateway[..<slash])),
        ]
    }

    /// The last part of the URI where that is a number, as in `s3://models/fraud/7`.
    private var version: String {
        let last = uri.split(separator: "/").last.map(String.init) ?? ""
        return last.utf8.count <= 9 && last.utf8.allSatisfy { (48...57).contains($0) } ? last : "1"
    }

    /// A text as it can stand behind a key.
    private func yaml(_ text: String) -> String { String(YAML.write(.string(text)).dropLast()) }
}

// MARK: The release

extension FirstRepository {
    private var release: String {
        """
        # yaml-language-server: $schema=../.slipway/modelrelease.json
        #
        # What should serve. To release a version, change this file in a pull request: once it is
        # merged, Slipway moves traffic in the steps below. When pods fail it takes the traffic
        # back at once and reverts the change here.
        apiVersion: slipway.dev/v1alpha1
        kind: ModelRelease
        metadata:
          name: \(yaml(name))
          namespace: \(yaml(namespace))
        spec:
        \(serving)
          traffic:
            # Slipway makes an HTTPRoute for these Gateways and owns it. The path is cut off
            # before a request reaches the model server.
            gateway:
              parentRefs:
              - \(parents)
              path: /\(name)
          strategy:
            canary:
              # The new version's share of traffic, and for how long.
              steps:
              - {weight: 5, for: 5m}
              - {weight: 25, for: 10m}
              # - pause: {approval: required}    # waits for: slipway approve \(name)
              - {weight: 50, for: 10m}
              # Watched this long with all of its traffic, then proven; the old one stays warm.
              bake: 1h
          # What takes traffic back.
          health:
            # More pods than this that were ready and are not any more.
            unready: {max: 0, for: 0s}
            # More restarts than this.
            restarts: {max: 0}
            # A wrong answer, before there is any traffic and while there is.
            probes:
            - golden: ./\(name).golden.jsonl
              every: 10s

        """
    }

    private var parents: String {
        let reference = parent
        let members = ["name", "namespace"].compactMap { key in
            reference[key]?.stringValue.map { "\(key): \(yaml($0))" }
        }
        return members.count == 1 ? members[0] : "{\(members.joined(separator: ", "))}"
    }

    private var serving: String {
        let versions = """
              # Weights sum to 100; several versions may share the traffic for good.
              versions:
              - name: \(yaml(version))
                # Containers find it in SLIPWAY_MODEL_URI.
                uri: \(yaml(uri))
                weight: 100
              serving:
                # Pods of each version.
                replicas: 2
            """
        return switch runtime {
        case .mlserver:
            """
              # Knows image, port and probes of MLServer.
              runtime: mlserver
            \(versions)
                # A PodTemplateSpec, merged over the runtime's.
                # template:
                #   spec:
                #     containers:
                #     - name: model
                #       resources: {requests: {cpu: "1", memory: 1Gi}}
            """
        case .custom:
            """
              # A model server of your own: the template below says everything.
              runtime: custom
            \(versions)
                # A PodTemplateSpec. The container model serves, on its port http.
                template:
                  spec:
                    containers:
                    - name: model
                      image: registry.example.com/model-server:1
                      ports:
                      - {name: http, containerPort: 8080}
                      # Should ask for the model, not for the server: a pod without its model
                      # must not be ready.
                      readinessProbe:
                        httpGet: {path: /ready, port: http}
                        periodSeconds: 2
            """
        }
    }

    /// A line for each case, the request first.
    private var golden: String {
        let cases: [(given: Document, answer: Document)] = [
            ([0.1, 0.2, 0.3], [0]), ([0.9, 0.8, 0.7], [1]),
        ]
        return cases.map { given, answer in
            let members: [(String, Document)] =
                switch runtime {
                case .mlserver:
                    [
                        ("request", ["inputs": [Self.tensor(given)]]),
                        ("expect", ["outputs": [["data": answer]]]),
                    ]
                case .custom:
                    [
                        ("path", "/predict"), ("request", ["inputs": given]),
                        ("expect", ["outputs": answer]),
                    ]
                }
            let texts = members.map { "\"\($0)\": \($1.canonicalJSONString())" }
            return "{\(texts.joined(separator: ", "))}\n"
        }.joined()
    }

    /// An input of the Open Inference Protocol.
    private static func tensor(_ data: Document) -> Document {
        ["name": "x", "shape": [1, 3], "datatype": "FP32", "data": data]
    }
}

// MARK: What is around it

extension FirstRepository {
    private var source: String {
        """
        # yaml-language-server: $schema=./releasesource.json
        #
        # Tells Slipway in the cluster to follow this repository:
        #   kubectl apply -f .slipway/source.yaml
        apiVersion: slipway.dev/v1alpha1
        kind: ReleaseSource
        metadata:
          name: models
          # Releases are made in this namespace and no other.
          namespace: \(yaml(namespace))
        spec:
          url: \(yaml(repository))
          branch: main
          # The folder that is read.
          path: models
          interval: 15s

        """
    }

    private var readme: String {
        """
        # Models

        What serves is what `models/` says on the branch `main`. Slipway follows it.

        ## To begin

        1. `models/\(name).yaml`: where the model is, and which Gateway its traffic comes from.
        2. `models/\(name).golden.jsonl`: a request with its right answer on each line. The two
           that are there are samples. A version that answers otherwise gets no traffic.
        3. `.slipway/source.yaml`: the URL of this repository.
        4. `slipway validate`, commit, push.
        5. `kubectl apply -f .slipway/source.yaml`, once.

        ## To release a version

        Change `name` and `uri` of the version in a pull request. Before it is merged:

            slipway validate                      what is wrong, with line and column
            slipway plan models --from OLD        which steps traffic takes; OLD: models of main

        Neither needs a cluster; the first fits the checks of a pull request. After the merge:

            slipway get -n \(namespace) --watch
            slipway describe \(name) -n \(namespace)

        ## When a version fails

        Slipway takes its traffic back and reverts the change with a commit that says why. It does
        not try that version again until somebody commits it anew or runs `slipway retry`. By hand:

            slipway rollback \(name) -n \(namespace)

        ## Editors

        `.slipway/*.json` tell an editor with a YAML language server what each field means. After
        an update of Slipway: `slipway schema > .slipway/modelrelease.json`.

        """
    }
}
