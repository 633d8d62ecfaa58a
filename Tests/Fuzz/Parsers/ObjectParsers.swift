import API
import Cluster
import Documents
import Domain
import KubeWire
import Resources
import Transport

extension Parser {
    /// ModelRelease objects as written in Git or the cluster.
    static let release = Parser(name: "release", about: "ModelRelease objects") { input, check in
        guard let located = try? YAML.parse(input) else { return }
        for located in located {
            for resolved in [false, true] {
                let result = ModelRelease.decode(located.document, resolved: resolved)
                check.read(result.errors, located, input)
                guard let release = result.value else { continue }
                check.went("decoded")
                let again = ModelRelease.decode(release.document, resolved: resolved).value
                check.expect(again?.spec == release.spec, "spec: does not read back")
                let shares = release.spec.declaredShares
                check.expect(
                    shares.reduce(0) { $0 + $1.weight } == 100, "weights: do not sum to 100")
            }
        }
    }

    /// ReleaseSource objects.
    static let source = Parser(name: "source", about: "ReleaseSource objects") { input, check in
        guard let located = try? YAML.parse(input) else { return }
        for located in located {
            let result = ReleaseSource.decode(located.document)
            check.read(result.errors, located, input)
            if let source = result.value {
                check.went("decoded")
                check.expect(!source.spec.url.contains("@"), "url: with a user")
            }
        }
    }

    /// What earlier lives, or people with the right to, wrote into statuses.
    static let status = Parser(name: "status", about: "statuses of releases and sources") {
        input, check in
        guard let document = try? JSON.parse(input) else { return }
        let release = ReleaseStatus(document)
        check.went(release.phase.rawValue)
        // What is written is bounded; what was bounded reads back.
        check.expect(
            release.document.canonicalJSON().count <= Limits.statusBytes, "release: too long")
        let bounded = ReleaseStatus(release.document)
        check.expect(
            ReleaseStatus(bounded.document) == bounded, "release: does not read back")
        let source = SourceStatus(SourceStatus(document).document)
        check.expect(SourceStatus(source.document) == source, "source: does not read back")
    }

    /// Kubeconfig files.
    static let kubeconfig = Parser(name: "kubeconfig", about: "kubeconfig files") { input, check in
        // The word is a secret where it stands as a token; a kind or a server of that name is none.
        let text = String(decoding: input, as: UTF8.self)
        let isSecret = text.ranges(of: "canary").count == text.ranges(of: "token: canary").count
        for options in [
            KubeConfiguration.Options(), .init(context: "dev"),
        ] {
            do throws(KubeConfiguration.Invalid) {
                let found = try KubeConfiguration.read(
                    input, from: "/nonexistent/config", options: options)
                check.went("read \(found.credentials)")
                guard let url = ParsedURL(found.server) else {
                    check.expect(false, "server: no URL")
                    continue
                }
                check.expect(url.scheme == "https" || url.isLoopback, "server: plain http")
                // An escape may spell the key.
                let isAsked = text.contains("insecure-skip-tls-verify") || text.contains("\\")
                check.expect(!found.tls.acceptsAnyServer || isAsked, "trust: given unasked")
                check.expect(!isSecret || !"\(found)".contains("canary"), "token: printed")
            } catch {
                check.went(error.reason)
                check.expect(
                    !isSecret || !"\(error)".contains("canary"), "token: in the error")
            }
        }
    }

    /// Lines of watches, as a stream.
    static let watch = Parser(name: "watch", about: "events of watches, in chunks", longest: 4000) {
        input, check in
        let whole = events(input, [input.count])
        for size in [[1], [3, 50], [input.count / 2 + 1]] {
            check.expect(events(input, size) == whole, "chunks: \(size) make a difference")
        }
        for event in whole {
            switch event {
            case .success(.changed(_, let version)), .success(.deleted(_, let version)),
                .success(.bookmark(let version)):
                check.went("event")
                check.expect(!version.isEmpty, "version: empty")
            case .success(.failed(let error)): check.went("\(error.kind)")
            case .failure(let error):
                check.went(error.message)
                check.expect(error.kind == .malformed, "error: \(error.kind)")
                check.expect(error.message.utf8.count < 10_000, "error: too long")
            }
        }
    }

    private static func events(
        _ input: [UInt8], _ sizes: [Int]
    ) -> [Result<WatchLine, ClusterError>] {
        var splitter = LineSplitter(limit: 8 << 10)
        var events: [Result<WatchLine, ClusterError>] = []
        for chunk in chunks(input, sizes) {
            guard let lines = try? splitter.feed(chunk) else { return [] }
            events += lines.map { line in
                Result { () throws(ClusterError) in try WatchLine(line) }
            }
        }
        return events
    }

    /// What is read of the cluster's objects.
    static let views = Parser(name: "views", about: "pods, routes, deployments as they are read") {
        input, check in
        guard let object = try? JSON.parse(input) else { return }
        if let pod = PodView(object) {
            check.went("pod \(pod.phase)")
            check.expect(pod.restarts >= 0, "restarts: below zero")
        }
        if let view = DeploymentView(object) {
            check.went("deployment \(view.isComplete) \(view.deadlineExceeded)")
        }
        if let service = ServiceView(object) { check.went("service \(service.metadata.name)") }
        if let slice = EndpointSliceView(object) {
            check.went("slice \(EndpointSliceView.ready(in: [slice]).count)")
        }
        if GatewayView(object) != nil { check.went("gateway") }
        if let revision = RevisionView(object) {
            check.expect(
                RevisionData(revision.data.document) == revision.data,
                "revision: does not read back")
        }
        if let view = HTTPRouteView(object) { check.route(view) }
        check.expect(
            Drift.differs(desired: object, observed: object).isEmpty, "drift: from itself")
        check.expect(
            StrategicMerge.merge([:], over: object) == object || object.objectValue == nil,
            "merge: of nothing changes")
    }
}

extension Check {
    fileprivate mutating func read(
        _ errors: [FieldError], _ located: LocatedDocument, _ input: [UInt8]
    ) {
        for error in errors {
            went(error.message)
            let place = located.nearestPosition(of: error.path, ofKey: error.concernsKey)
            expect(place.isInside(input), "place: outside of the input")
        }
    }

    fileprivate mutating func route(_ view: HTTPRouteView) {
        went("route")
        let digests = [Digest(of: "a"), Digest(of: "b")]
        if let split = view.split(release: "fraud", digests: digests) {
            went("split")
            expect(split.shares.reduce(0) { $0 + $1.weight } == 100, "split: not 100")
        }
        let router = GatewayRouter(
            release: ObjectMetadata(of: ["metadata": ["name": "fraud", "namespace": "risk"]]),
            traffic: GatewayTraffic(parentRefs: []))
        let wanted = GatewayRouter.Content(
            split: Weights(all: digests[0]), refused: nil, epoch: view.epoch)
        _ = router.patch(view, wanted)
        went("\(router.acceptance(view))")
    }
}
