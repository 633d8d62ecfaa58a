package import Domain

extension ModelRelease {
    /// The release as an object without status, defaults written out: what is applied or printed.
    package var document: Document {
        var metadata: Document = ["name": .string(self.metadata.name)]
        if !self.metadata.namespace.isEmpty {
            metadata["namespace"] = .string(self.metadata.namespace)
        }
        if !self.metadata.labels.isEmpty { metadata["labels"] = .object(self.metadata.labels) }
        if !self.metadata.annotations.isEmpty {
            metadata["annotations"] = .object(self.metadata.annotations)
        }
        return [
            "apiVersion": .string(ResourceKind.modelRelease.apiVersion),
            "kind": .string(ResourceKind.modelRelease.kind),
            "metadata": metadata, "spec": spec.document,
        ]
    }
}

extension ReleaseSpec {
    /// The spec as written with defaults filled in; decodes to the same value.
    package var document: Document {
        var document: Document = [
            "runtime": .string(runtime.rawValue),
            "versions": .array(versions.map(\.document)),
            "serving": ["replicas": .integer(serving.replicas)],
            "traffic": traffic.document,
            "strategy": strategy.document,
            "health": health.document,
            "onFailure": ["git": .string(onFailure.git.rawValue)],
            "suspend": .bool(suspend),
        ]
        if let template = serving.template { document.set(["serving", "template"], to: template) }
        return document
    }
}

extension DeclaredVersion {
    package var document: Document {
        var document: Document = ["name": .string(name), "weight": .integer(weight)]
        document["uri"] = uri.map(Document.string)
        document["image"] = image.map(Document.string)
        document["digest"] = pin.map(Document.string)
        return document
    }
}

extension Traffic {
    package var document: Document {
        switch self {
        case .gateway(let gateway): ["gateway": gateway.document]
        }
    }
}

extension GatewayTraffic {
    fileprivate var document: Document {
        var document: Document = [
            "parentRefs": .array(parentRefs.map(\.document)), "path": .string(path),
        ]
        if !hostnames.isEmpty { document["hostnames"] = .array(hostnames.map(Document.string)) }
        return document
    }
}

extension GatewayTraffic.ParentReference {
    package var document: Document {
        var document: Document = ["name": .string(name)]
        document["namespace"] = namespace.map(Document.string)
        document["sectionName"] = sectionName.map(Document.string)
        document["port"] = port.map { .integer($0) }
        return document
    }
}

extension Strategy {
    package var document: Document {
        switch self {
        case .canary(let canary):
            [
                "canary": [
                    "steps": .array(canary.steps.map(\.document)),
                    "bake": .string(canary.bake.description),
                ]
            ]
        }
    }
}

extension CanaryStep {
    package var document: Document {
        switch self {
        case .weight(let weight, let hold):
            ["weight": .integer(weight), "for": .string(hold.description)]
        case .pauseForApproval: ["pause": ["approval": "required"]]
        case .pause(let time): ["pause": ["for": .string(time.description)]]
        }
    }
}

extension HealthPolicy {
    package var document: Document {
        var document: Document = [
            "unready": ["max": .integer(unreadyMax), "for": .string(unreadyFor.description)],
            "restarts": ["max": .integer(restartsMax)],
            "progressDeadline": .string(progressDeadline.description),
        ]
        if !probes.isEmpty { document["probes"] = .array(probes.map(\.document)) }
        return document
    }
}

extension GoldenProbe {
    package var document: Document {
        var document: Document = [
            "every": .string(every.description), "timeout": .string(timeout.description),
        ]
        document["golden"] = golden.map(Document.string)
        if !cases.isEmpty { document["cases"] = .array(cases.map(\.document)) }
        return document
    }
}

extension GoldenCase {
    package var document: Document {
        var document: Document = ["request": request, "expect": expect]
        document["path"] = path.map(Document.string)
        if tolerance != 0 { document["tolerance"] = .double(tolerance) }
        return document
    }
}

extension ReleaseSource {
    /// The source as an object without status, defaults written out.
    package var document: Document {
        var metadata: Document = ["name": .string(self.metadata.name)]
        if !self.metadata.namespace.isEmpty {
            metadata["namespace"] = .string(self.metadata.namespace)
        }
        return [
            "apiVersion": .string(ResourceKind.releaseSource.apiVersion),
            "kind": .string(ResourceKind.releaseSource.kind),
            "metadata": metadata, "spec": spec.document,
        ]
    }
}

extension SourceSpec {
    /// The spec as written with defaults filled in; decodes to the same value.
    package var document: Document {
        var document: Document = [
            "url": .string(url), "branch": .string(branch), "path": .string(path),
            "interval": .string(interval.description), "prune": .bool(prune),
            "writeBack": [
                "enabled": .bool(writeBack.enabled),
                "stateBranch": .string(writeBack.stateBranch),
                "authorName": .string(writeBack.authorName),
                "authorEmail": .string(writeBack.authorEmail),
            ],
            "suspend": .bool(suspend),
        ]
        if !serviceAccounts.isEmpty {
            document["serviceAccounts"] = .array(serviceAccounts.map(Document.string))
        }
        return document
    }
}
