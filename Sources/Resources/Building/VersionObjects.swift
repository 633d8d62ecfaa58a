package import API
package import Domain

/// Which version of which release an object belongs to.
package struct VersionIdentity: Hashable, Sendable {
    package let release: NamespacedName
    package let releaseUID: String
    /// The version's name.
    package let version: String
    package let digest: Digest
    /// What becomes of the objects when the release is gone: they stay.
    package let retained: Bool
    /// What makes earlier deletions void; `nil` for objects that no term is known of.
    package var seal: Seal?

    package init(
        release: NamespacedName, releaseUID: String, version: String, digest: Digest, retained: Bool
    ) {
        self.release = release
        self.releaseUID = releaseUID
        self.version = version
        self.digest = digest
        self.retained = retained
    }

    /// The identity of a version of a release, with `slipway.dev/on-delete` as the release has it.
    package init(_ release: ModelRelease, version: String, digest: Digest) {
        self.init(
            release: release.id, releaseUID: release.metadata.uid, version: version, digest: digest,
            retained: release.metadata.annotation(Names.onDelete) == "retain")
    }

    /// The name of the version's Deployment, Service and ControllerRevision.
    package var name: String { Names.versioned(release.name, digest) }

    /// The key of one of the version's objects.
    package func key(_ kind: ResourceKind) -> ResourceKey {
        ResourceKey(kind, namespace: release.namespace, name: name)
    }
}

/// The objects of one version.
package struct RenderedVersion: Hashable, Sendable {
    package let controllerRevision: Document
    package let deployment: Document
    package let service: Document
}

/// Builds the objects of a version. None has an ownerReference: after a restore the garbage
/// collector would take pods and routes with it.
package enum VersionObjects {
    /// The port of a version's Service.
    package static let servicePort = 80

    /// The objects of a version that is new, with the replicas that the release declares.
    package static func render(
        release: ModelRelease, version: DeclaredVersion, digest: Digest
    ) -> RenderedVersion {
        let identity = VersionIdentity(release, version: version.name, digest: digest)
        let data = revisionData(release: release, version: version, digest: digest)
        return RenderedVersion(
            controllerRevision: controllerRevision(identity, data),
            deployment: deployment(
                identity, data, replicas: release.spec.serving.replicas,
                progressDeadline: release.spec.health.progressDeadline),
            service: service(identity, data))
    }

    /// What is stored of a version for good: the preset with the release's template merged over
    /// it, the version's image, Slipway's labels.
    package static func revisionData(
        release: ModelRelease, version: DeclaredVersion, digest: Digest
    ) -> RevisionData {
        let identity = VersionIdentity(release, version: version.name, digest: digest)
        let preset = RuntimePreset(release: release, version: version)
        var template = StrategicMerge.merge(
            namingPort(release.spec.serving.template ?? [:]), over: preset.template)
        if let image = version.image { setModel(&template, "image", .string(image)) }
        for (key, value) in labels(identity) {
            template.set(["metadata", "labels", key], to: .string(value))
        }
        let port = RuntimePreset.httpPort(of: RuntimePreset.model(of: template)) ?? 8080
        return RevisionData(
            version: version.name, template: template, port: port,
            inferencePath: preset.inferencePath, readyPath: preset.readyPath)
    }

    /// The ControllerRevision; its `data` can never be changed.
    package static func controllerRevision(_ identity: VersionIdentity, _ data: RevisionData)
        -> Document
    {
        object(
            .controllerRevision, identity, uid: nil,
            ["revision": 1, "data": data.document])
    }

    /// The Deployment from stored data.
    ///
    /// - Parameter replicas: `nil` leaves the number to an autoscaler.
    /// - Parameter uid: the uid of the Deployment that is known to exist, so that an apply does
    ///   not make a deleted one anew.
    package static func deployment(
        _ identity: VersionIdentity, _ data: RevisionData, replicas: Int?,
        progressDeadline: TimeSpan = .minutes(10), uid: String? = nil
    ) -> Document {
        let seconds = max(1, (progressDeadline.milliseconds + 999) / 1000)
        var deployment = object(
            .deployment, identity, uid: uid,
            [
                "spec": [
                    "revisionHistoryLimit": 2,
                    "progressDeadlineSeconds": .integer(seconds), "minReadySeconds": 0,
                    "strategy": [
                        "type": "RollingUpdate",
                        "rollingUpdate": ["maxUnavailable": 0, "maxSurge": "25%"],
                    ],
                    "selector": ["matchLabels": selector(identity)],
                    "template": data.template,
                ]
            ])
        if let replicas { deployment.set(["spec", "replicas"], to: .integer(replicas)) }
        return deployment
    }

    /// The Service in front of a version's pods; its selector never changes.
    package static func service(
        _ identity: VersionIdentity, _ data: RevisionData, uid: String? = nil
    ) -> Document {
        object(
            .service, identity, uid: uid,
            [
                "spec": [
                    "type": "ClusterIP", "selector": selector(identity),
                    "ports": [
                        [
                            "name": "http", "port": .integer(servicePort), "targetPort": "http",
                            "protocol": "TCP",
                        ]
                    ],
                ]
            ])
    }

    /// The labels that name a version's pods and nothing else's.
    package static func selector(_ identity: VersionIdentity) -> Document {
        Document(strings: [
            (Names.releaseLabel, identity.release.name),
            (Names.digestLabel, identity.digest.short),
        ])
    }

    /// The labels of everything that belongs to a version.
    package static func labels(_ identity: VersionIdentity) -> [(String, String)] {
        [
            ("app.kubernetes.io/component", "model-server"),
            ("app.kubernetes.io/instance", identity.name),
            (Names.managedByLabel, Names.managedByValue),
            ("app.kubernetes.io/name", identity.release.name),
            ("app.kubernetes.io/version", identity.version),
            (Names.digestLabel, identity.digest.short),
            (Names.releaseLabel, identity.release.name),
            (Names.versionLabel, identity.version),
        ]
    }

    private static func object(
        _ kind: ResourceKind, _ identity: VersionIdentity, uid: String?, _ rest: Document
    ) -> Document {
        var document = rest
        var annotations: Document = [
            Names.releaseUID: .string(identity.releaseUID),
            Names.digest: .string(identity.digest.description),
            Names.onDelete: .string(identity.retained ? "retain" : "delete"),
        ]
        for (name, value) in identity.seal?.annotations ?? [] where kind != .controllerRevision {
            annotations[name] = .string(value)
        }
        document["apiVersion"] = .string(kind.apiVersion)
        document["kind"] = .string(kind.kind)
        document["metadata"] = [
            "name": .string(identity.name), "namespace": .string(identity.release.namespace),
            "labels": Document(strings: labels(identity)),
            "annotations": annotations,
        ]
        if let uid { document.set(["metadata", "uid"], to: .string(uid)) }
        return document
    }

    /// An only port without a name is the one that serves.
    private static func namingPort(_ template: Document) -> Document {
        let model = RuntimePreset.model(of: template)
        guard let ports = model["ports"]?.arrayValue, ports.count == 1, ports[0]["name"] == nil
        else { return template }
        var port = ports[0]
        port["name"] = "http"
        var named = template
        setModel(&named, "ports", [port])
        return named
    }

    private static func setModel(_ template: inout Document, _ key: String, _ value: Document) {
        var containers = template.at("spec", "containers")?.arrayValue ?? []
        guard let index = containers.firstIndex(where: { $0["name"] == "model" }) else { return }
        containers[index][key] = value
        template.set(["spec", "containers"], to: .array(containers))
    }
}
