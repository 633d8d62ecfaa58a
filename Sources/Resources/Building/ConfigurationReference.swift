package import API
package import Domain

/// A ConfigMap or Secret that the pods of a template read: as environment or as files.
///
/// `imagePullSecrets` are none: they say how an image is fetched, not what runs, and many
/// registries' tokens are replaced every few hours.
package struct ConfigurationReference: Hashable, Sendable, Comparable {
    package let kind: ProvenObject.Kind
    /// Of an object in the pod's own namespace.
    package let name: String

    package init(_ kind: ProvenObject.Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.kind.rawValue, left.name) < (right.kind.rawValue, right.name)
    }

    /// The references of a pod template, each once, ordered; the first
    /// ``ReleaseStatus/configurationLimit`` of them.
    package static func all(in template: Document) -> [ConfigurationReference] {
        let spec = template["spec"] ?? [:]
        var found: Set<ConfigurationReference> = []
        func note(_ kind: ProvenObject.Kind, _ name: Document?) {
            guard let name = name?.stringValue, !name.isEmpty, name.utf8.count <= 253 else {
                return
            }
            found.insert(.init(kind, name))
        }
        let containers =
            (spec["initContainers"]?.arrayValue ?? []) + (spec["containers"]?.arrayValue ?? [])
        for container in containers {
            for variable in container["env"]?.arrayValue ?? [] {
                note(.configMap, variable.at("valueFrom", "configMapKeyRef", "name"))
                note(.secret, variable.at("valueFrom", "secretKeyRef", "name"))
            }
            for source in container["envFrom"]?.arrayValue ?? [] {
                note(.configMap, source.at("configMapRef", "name"))
                note(.secret, source.at("secretRef", "name"))
            }
        }
        for volume in spec["volumes"]?.arrayValue ?? [] {
            note(.configMap, volume.at("configMap", "name"))
            note(.secret, volume.at("secret", "secretName"))
            for source in volume.at("projected", "sources")?.arrayValue ?? [] {
                note(.configMap, source.at("configMap", "name"))
                note(.secret, source.at("secret", "name"))
            }
        }
        return Array(found.sorted().prefix(ReleaseStatus.configurationLimit))
    }
}
